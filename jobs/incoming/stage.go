package incoming

import (
	"context"
	"fmt"
	"io"

	"mailchute/pkg/message"
	"mailchute/store"
)

// stageWhole stages the whole drop file where anything is held.
func (a *arrival) stageWhole(ctx context.Context, st *store.Settlement) error {
	for _, d := range st.Decided {
		if d.State != store.Held {
			continue
		}
		whole, err := a.keep(ctx, func(w io.Writer) (message.Content, error) {
			return copyAll(ctx, w, io.NewSectionReader(a.src, 0, a.Size))
		})
		if err != nil {
			return fmt.Errorf("stage the drop file: %w", err)
		}
		st.Whole = whole.Digest
		return nil
	}
	return nil
}

// keep is the sink that stages. What fails in the store is no fault of the message.
func (a *arrival) keep(ctx context.Context, f func(io.Writer) (message.Content, error)) (message.Content, error) {
	var own error
	c, err := a.stage.Write(ctx, func(w io.Writer) (c message.Content, err error) {
		c, own = f(storeWriter{w})
		return c, own
	})
	if err != nil && own == nil {
		err = outage{err}
	}
	return c, err
}

// storeWriter marks the errors of the store as such.
type storeWriter struct{ w io.Writer }

func (s storeWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		err = outage{err}
	}
	return n, err
}
