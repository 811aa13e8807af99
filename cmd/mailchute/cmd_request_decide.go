package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// verdictFlags are the flags of what is decided about a request.
type verdictFlags struct {
	comment  string
	revision int
}

func (v *verdictFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&v.comment, "comment", "", "`TEXT` for who asked, and for the record")
	cmd.Flags().IntVar(&v.revision, "revision", 0, "decide only if it is still of this revision `N` (request show); exit code 4 if it is not")
}

func (c *cli) requestApprove() *cobra.Command {
	var v verdictFlags
	cmd := &cobra.Command{
		Use:   "approve ID…",
		Short: "Approve requests, and make the directory follow at once",
		Long: `Approves requests that wait, and failed ones once more; then makes the directory follow, and says
what came of it. Exit codes: 4 a request was decided already, was edited since the revision that
--revision names, or its address belongs to another by now; 5 it is approved, and the directory
has still to follow; 1 the directory cannot take it, or nobody may approve a request of their
own (four_eyes).`,
		Example: `  mailchute request approve 3 --revision 1
  mailchute request approve 3 4 --comment "as we agreed"`,
		Args: func(_ *cobra.Command, ids []string) error {
			switch {
			case len(ids) == 0:
				return errors.New("ID is missing; mailchute request list shows the requests that wait")
			case len(ids) > 1 && v.revision != 0:
				return errors.New("--revision is of one request")
			}
			return nil
		},
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, args []string) error {
		var approved []int64
		var errs []error
		for _, arg := range args {
			r, err := f.decide(ctx, arg, v, f.ApproveRequest)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			approved = append(approved, r.ID)
		}
		if len(approved) > 0 {
			errs = append(errs, c.followRequests(ctx, f, approved...))
		}
		return errors.Join(errs...)
	})
	v.flags(cmd)
	return cmd
}

func (c *cli) requestReject() *cobra.Command {
	var v verdictFlags
	cmd := &cobra.Command{
		Use:     "reject ID",
		Short:   "Reject a request",
		Example: `  mailchute request reject 3 --comment "use the list of the department"`,
		Args:    args("ID"),
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, args []string) error {
		r, err := f.decide(ctx, args[0], v, f.RejectRequest)
		if err != nil {
			return err
		}
		return c.say(newRequestJSON(r), "Request %d is rejected.", r.ID)
	})
	v.flags(cmd)
	return cmd
}

func (c *cli) requestWithdraw() *cobra.Command {
	var v verdictFlags
	cmd := &cobra.Command{
		Use:     "withdraw ID",
		Short:   "Withdraw a request that waits",
		Example: "  mailchute request withdraw 3",
		Args:    args("ID"),
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, args []string) error {
		r, err := f.decide(ctx, args[0], v, f.WithdrawRequest)
		if err != nil {
			return err
		}
		return c.say(newRequestJSON(r), "Request %d is withdrawn.", r.ID)
	})
	v.flags(cmd)
	return cmd
}

// decide puts a verdict on a request, and says what is in its way.
func (f *farm) decide(ctx context.Context, arg string, v verdictFlags, how func(context.Context, int64, store.Verdict) (directory.Request, error)) (directory.Request, error) {
	id, err := requestID(arg)
	if err != nil {
		return directory.Request{}, err
	}
	r, err := how(ctx, id, store.Verdict{Revision: v.revision, Comment: v.comment})
	switch {
	case errors.Is(err, fault.ErrStale):
		return r, fmt.Errorf("request %d was edited or decided meanwhile: look at it again (mailchute request show %d): %w", id, id, fault.ErrConflict)
	case errors.Is(err, directory.ErrFourEyes):
		return r, fmt.Errorf("request %d: nobody approves a request of their own (four_eyes): ask somebody else", id)
	case err != nil:
		return r, absent(err, "request %d", id)
	}
	return r, nil
}
