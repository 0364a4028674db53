package ostiary_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/user"
)

// post is what sends the mails of a test.
type post struct {
	mu    sync.Mutex
	fails func(ctx context.Context) error // how a call fails; nil for not at all
	calls atomic.Int64
}

func (p *post) set(fails func(ctx context.Context) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = fails
}

func (p *post) send(ctx context.Context) error {
	p.calls.Add(1)
	p.mu.Lock()
	fails := p.fails
	p.mu.Unlock()
	if fails == nil {
		return nil
	}
	return fails(ctx)
}

// posting makes a server of which every callback that sends something is p. It is
// for tests with a clock of their own.
func posting(t *testing.T, p *post, change func(*ostiary.Options)) (*ostiary.Auth, *logBuffer) {
	t.Helper()
	logs := &logBuffer{}
	o := ostiary.Options{
		BaseURL: ostiary.StaticURL(siteURL), Secret: testSecret, Database: memory.New(), RateLimit: core.RateLimitOptions{Enabled: new(false)},
		Logger: slog.New(slog.NewTextHandler(logs, nil)),
		EmailAndPassword: emailpassword.Options{
			Enabled: true, Hasher: &hasher{},
			SendResetPassword: func(ctx context.Context, _ emailpassword.ResetMail) error { return p.send(ctx) },
		},
		EmailVerification: emailverification.Options{
			SendOnSignUp: new(true),
			Send:         func(ctx context.Context, _ emailverification.Mail) error { return p.send(ctx) },
		},
	}
	o.User.ChangeEmail = user.ChangeEmailOptions{Enabled: true, UpdateWithoutVerification: true}
	o.User.DeleteUser.Enabled = true
	o.User.DeleteUser.SendVerification = func(ctx context.Context, _ user.DeleteMail) error { return p.send(ctx) }
	if change != nil {
		change(&o)
	}
	auth, err := ostiary.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return auth, logs
}

func TestRR_40_CallbacksThatFailDoNotChangeTheAnswer(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for _, test := range []struct {
		name  string
		fails func(ctx context.Context) error
		log   string
		takes time.Duration
	}{
		{"error", func(context.Context) error { return errors.New("no route to host") }, "no route to host", 0},
		{"panic", func(context.Context) error { panic("oops") }, "panic: oops", 0},
		{"slow", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "it took more than 10s", 10 * time.Second},
		{"hangs", func(context.Context) error { time.Sleep(time.Minute); return nil }, "it took more than 10s", 10 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &post{}
				auth, logs := posting(t, p, nil)
				ctx := t.Context()
				signUp := func(email string) (core.Result[api.SignUpEmailOutput], error) {
					return ostiary.Invoke(ctx, auth, api.SignUpEmail, api.SignUpEmailInput{Name: "N", Email: email, Password: goodPassword})
				}
				in, err := signUp("ada@example.com")
				if err != nil {
					t.Fatal(err)
				}
				as := ostiary.WithHeader(map[string][]string{"Cookie": {strings.SplitN(in.Header.Get("Set-Cookie"), ";", 2)[0]}})
				p.set(test.fails)
				for _, call := range []struct {
					name string
					call func() error
					told bool // the caller is told
				}{
					{"sign-up", func() error { _, err := signUp("new@example.com"); return err }, false},
					{"reset", func() error {
						_, err := auth.API.RequestPasswordReset(ctx, api.RequestPasswordResetInput{Email: "ada@example.com"})
						return err
					}, false},
					{"delete", func() error { _, err := auth.API.DeleteUser(ctx, api.DeleteUserInput{}, as); return err }, false},
					{"change", func() error {
						_, err := auth.API.ChangeEmail(ctx, api.ChangeEmailInput{NewEmail: "other@example.com"}, as)
						return err
					}, false},
					{"verification for anybody", func() error {
						_, err := auth.API.SendVerificationEmail(ctx, api.SendVerificationEmailInput{Email: "new@example.com"})
						return err
					}, false},
					{"verification for oneself", func() error {
						_, err := auth.API.SendVerificationEmail(ctx, api.SendVerificationEmailInput{Email: "other@example.com"}, as)
						return err
					}, true},
				} {
					calls, began := p.calls.Load(), time.Now()
					err := call.call()
					if told := err != nil; told != call.told {
						t.Errorf("%s: %v", call.name, err)
					}
					if p.calls.Load() != calls+1 {
						t.Errorf("%s: the callback was called %d times", call.name, p.calls.Load()-calls)
					}
					if took := time.Since(began); took > test.takes+time.Second {
						t.Errorf("%s: took %s", call.name, took)
					}
				}
				if n := strings.Count(logs.String(), test.log); n < 5 {
					t.Errorf("%q is logged %d times:\n%s", test.log, n, logs)
				}
				if err := auth.Close(ctx); err != nil { // which waits for those that hang
					t.Error(err)
				}
			})
		})
	}
}

func TestRR_40_CallbacksThatHangAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		var running, most atomic.Int64
		p := &post{}
		p.set(func(context.Context) error {
			now := running.Add(1)
			defer running.Add(-1)
			for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
			}
			<-goOn
			return nil
		})
		auth, logs := posting(t, p, func(o *ostiary.Options) { o.Background = func(task func()) { go task() } })
		if _, err := auth.API.SignUpEmail(t.Context(), api.SignUpEmailInput{Name: "N", Email: "ada@example.com", Password: goodPassword}); err != nil {
			t.Fatal(err)
		}
		ask := func() {
			if _, err := auth.API.RequestPasswordReset(t.Context(), api.RequestPasswordResetInput{Email: "ada@example.com"}); err != nil {
				t.Error(err)
			}
		}
		for range 4200 {
			ask()
		}
		synctest.Wait()
		if n := running.Load(); n != 256 {
			t.Errorf("%d are running", n)
		}
		if n := strings.Count(logs.String(), "too many are under way"); n != 4201-4096 {
			t.Errorf("%d were refused", n)
		}
		time.Sleep(time.Minute) // those that wait give up
		close(goOn)
		synctest.Wait()
		calls := p.calls.Load()
		ask()
		synctest.Wait()
		if p.calls.Load() != calls+1 {
			t.Error("nothing is sent any more")
		}
		if err := auth.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if n := most.Load(); n != 256 {
			t.Errorf("%d ran at once", n)
		}
	})
}
