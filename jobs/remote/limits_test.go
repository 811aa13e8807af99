package remote_test

import (
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailchute/jobs/remote"
	"mailchute/pkg/emailws"
)

// clock is one that stands.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time        { return time.Unix(1_800_000_000, c.at.Load()) }
func (c *clock) pass(d time.Duration)  { c.at.Add(int64(d)) }
func (c *clock) set(o *remote.Options) { o.Now = c.now }
func with(name, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(name, secret) }
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	var c clock
	w := newWorld(t, c.set)
	before := w.lastChange()
	good := request(emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"))
	for _, tt := range []struct {
		name   string
		change func(*http.Request)
	}{
		{"nobody", func(*http.Request) {}},
		{"a wrong password", with(alpha, password+"x")},
		{"an empty password", with(alpha, "")},
		{"an unknown user", with("gamma", password)},
		{"another case", with("Alpha", password)},
		{"a name that is none", with("# the farms", "")},
		{"the hash", with(alpha, hash)},
		{"an endless password", with(alpha, strings.Repeat("a", 4000))},
		{"another way", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+password) }},
	} {
		a := w.post("", good, tt.change)
		if a.HTTP != http.StatusUnauthorized || a.Fault != "soap:Client" || !strings.HasPrefix(a.authenticate, "Basic ") {
			t.Errorf("%s: got %d %s %s", tt.name, a.HTTP, a.authenticate, a.document)
		}
	}
	w.nothingChanged(before)
	if a := w.post(alpha, good); a.Status != "Success" {
		t.Errorf("the right one: got %+v", a)
	}
	if strings.Contains(w.log.String(), password) {
		t.Errorf("the log has a password: %s", w.log)
	}
}

func TestWrongPasswordsAreLimited(t *testing.T) {
	t.Parallel()
	var c clock
	w := newWorld(t, c.set, func(o *remote.Options) { o.Limits.Failures = 3 })
	ask := func(name, secret string) int {
		return w.send("", http.MethodGet, emailws.Path, "", with(name, secret)).HTTP
	}
	expect := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %d, want %d", what, got, want)
		}
	}
	expect("alpha", ask(alpha, password), http.StatusOK)
	for range 3 {
		expect("a wrong password", ask(beta, "wrong"), http.StatusUnauthorized)
	}
	expect("too many", ask(beta, "wrong"), http.StatusTooManyRequests)
	expect("a right one that was never used", ask(beta, password), http.StatusTooManyRequests)
	expect("a right one that was used", ask(alpha, password), http.StatusOK)
	expect("another for that name", ask(alpha, "wrong"), http.StatusTooManyRequests)
	c.pass(59 * time.Second)
	expect("too early", ask(beta, password), http.StatusTooManyRequests)
	c.pass(time.Second)
	expect("one more", ask(beta, "wrong"), http.StatusUnauthorized)
	expect("and no more", ask(beta, password), http.StatusTooManyRequests)
	c.pass(time.Minute)
	expect("the right one", ask(beta, password), http.StatusOK)
	expect("the right one again", ask(beta, password), http.StatusOK)
}

func TestTheFileOfUsersIsReadAgain(t *testing.T) {
	t.Parallel()
	file := usersFile(t, "")
	w := newWorld(t, func(o *remote.Options) { o.UsersFile = file })
	write := func(content string, mode os.FileMode) {
		t.Helper()
		w.must(os.WriteFile(file+".new", []byte(content), mode))
		w.must(os.Chmod(file+".new", mode))
		w.must(os.Rename(file+".new", file))
	}
	for _, tt := range []struct {
		name string
		do   func()
		want int
	}{
		{"as it was", func() {}, http.StatusOK},
		{"alpha is taken out", func() { write("beta:"+hash+"\n", 0o600) }, http.StatusUnauthorized},
		{"and put in again", func() { write("alpha:"+hash, 0o600) }, http.StatusOK},
		{"others may read it", func() { write("alpha:"+hash+"\n", 0o644) }, http.StatusUnauthorized},
		{"only the owner", func() { write("alpha:"+hash+"\n\n", 0o600) }, http.StatusOK},
		{"a line that is none", func() { write("alpha:"+hash+"\nbeta\n", 0o600) }, http.StatusUnauthorized},
		{"a hash that costs nothing", func() { write("alpha:"+strings.Replace(hash, "$100000$", "$1$", 1), 0o600) }, http.StatusUnauthorized},
		{"a name twice", func() { write("alpha:"+hash+"\nalpha:"+hash, 0o600) }, http.StatusUnauthorized},
		{"no hash", func() { write("alpha:"+password, 0o600) }, http.StatusUnauthorized},
		{"it is gone", func() { w.must(os.Remove(file)) }, http.StatusUnauthorized},
		{"it is there", func() { write("alpha:"+hash, 0o600) }, http.StatusOK},
	} {
		tt.do()
		if a := w.send(alpha, http.MethodGet, emailws.Path, ""); a.HTTP != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, a.HTTP, tt.want)
		}
	}
	if !strings.Contains(w.log.String(), "users, line 2") {
		t.Errorf("the log does not say which line: %s", w.log)
	}
}

func TestHashPassword(t *testing.T) {
	t.Parallel()
	const secret = "a password: with $ and ü"
	made, err := remote.HashPassword(secret)
	if err != nil {
		t.Fatal(err)
	}
	again, err := remote.HashPassword(secret)
	if err != nil || again == made {
		t.Errorf("got %q twice, %v", again, err)
	}
	file := usersFile(t, "gamma:"+made+"\n")
	w := newWorld(t, func(o *remote.Options) { o.UsersFile = file })
	if a := w.send("", http.MethodGet, emailws.Path, "", with("gamma", secret)); a.HTTP != http.StatusOK {
		t.Errorf("got %d", a.HTTP)
	}
	for _, bad := range []string{"", "short", strings.Repeat("a", 1025)} {
		if _, err := remote.HashPassword(bad); err == nil {
			t.Errorf("a password of %d bytes was taken", len(bad))
		}
	}
}

func TestSizeOfRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.lastChange()
	document := request(emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"))
	fit := document + strings.Repeat(" ", 1<<20-len(document))
	if a := w.post(alpha, fit+" "); a.HTTP != http.StatusRequestEntityTooLarge || a.Fault != "soap:Client" {
		t.Errorf("a byte too many: got %d %s", a.HTTP, a.document)
	}
	w.nothingChanged(before)
	if a := w.post(alpha, fit); a.Status != "Success" {
		t.Errorf("the largest: got %d %s", a.HTTP, a.document)
	}
}

func TestRateOfAClient(t *testing.T) {
	t.Parallel()
	var c clock
	w := newWorld(t, c.set, func(o *remote.Options) { o.Limits.Burst, o.Limits.PerSecond = 2, 1 })
	job := request(emailws.OpGetJobStatus, "<JobId>1</JobId>")
	expect := func(what, client string, want int) {
		t.Helper()
		a := w.post(client, job)
		if a.HTTP != want {
			t.Errorf("%s: got %d, want %d", what, a.HTTP, want)
		}
		if want == http.StatusTooManyRequests && (a.Fault != "soap:Server" || a.retryAfter != "1") {
			t.Errorf("%s: got %+v", what, a)
		}
	}
	expect("the first", alpha, http.StatusOK)
	expect("the second", alpha, http.StatusOK)
	expect("the third", alpha, http.StatusTooManyRequests)
	expect("another client's", beta, http.StatusOK)
	c.pass(time.Second)
	expect("a second later", alpha, http.StatusOK)
	expect("no more", alpha, http.StatusTooManyRequests)
}

func TestRequestsAtOneTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *remote.Options) { o.Limits.AtOnce = 1 })
	begun, end := make(chan struct{}), make(chan struct{})
	trouble := func() error {
		begun <- struct{}{}
		<-end
		return nil
	}
	w.catalog.trouble.Store(&trouble)
	first := make(chan answer)
	job := request(emailws.OpGetJobStatus, "<JobId>1</JobId>")
	go func() { first <- w.post(alpha, job) }()
	<-begun
	w.catalog.trouble.Store(nil)
	if a := w.post(alpha, job); a.HTTP != http.StatusServiceUnavailable || a.Fault != "soap:Server" || a.retryAfter == "" {
		t.Errorf("the second: got %d %s", a.HTTP, a.document)
	}
	close(end)
	if a := <-first; a.HTTP != http.StatusOK {
		t.Errorf("the first: got %d %s", a.HTTP, a.document)
	}
	if a := w.post(alpha, job); a.HTTP != http.StatusOK {
		t.Errorf("the third: got %d %s", a.HTTP, a.document)
	}
}
