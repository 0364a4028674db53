package ostiary_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/schema"
)

// The crash tests run this test binary again as a child, with a scenario in this
// variable. The child works on a database file, stops at a place in the middle
// and says so; then it is killed.
const crashEnv = "OSTIARY_TEST_CRASH"

// crashScenario is what the child does: an operation that stops at a hook.
type crashScenario struct {
	operation string // "sign-up", "reset", "delete" or "change"
	model     string // whose hook stops
	hook      string // "create", "update", "delete" or "consume", before it; "after …" once it is committed
}

func (s crashScenario) String() string { return s.operation + "," + s.model + "," + s.hook }

// runCrashChild runs a scenario to its stop. It returns only if the place is
// never reached.
func runCrashChild(text string) int {
	parts := strings.SplitN(text, ",", 4)
	s, path := crashScenario{parts[0], parts[1], parts[2]}, parts[3]
	var reset string
	var armed bool
	stop := func(hook string) error {
		if armed && hook == s.hook {
			fmt.Println("stopped")
			_, _ = io.Copy(io.Discard, os.Stdin) // until killed
		}
		return nil
	}
	o := ostiary.Options{
		BaseURL: ostiary.StaticURL(siteURL), Secret: testSecret, Database: sqlite.Open(path), RateLimit: core.RateLimitOptions{Enabled: new(false)},
		EmailAndPassword: emailpassword.Options{
			Enabled: true, Hasher: &hasher{}, RevokeSessionsOnPasswordReset: true,
			SendResetPassword: func(_ context.Context, m emailpassword.ResetMail) error { reset = m.Token; return nil },
		},
		DatabaseHooks: []core.DatabaseHook{{
			Model:        s.model,
			BeforeCreate: func(context.Context, schema.Row) error { return stop("create") },
			AfterCreate:  func(context.Context, schema.Row) error { return stop("after create") },
			BeforeUpdate: func(context.Context, schema.Row) error { return stop("update") },
			AfterUpdate:  func(context.Context, *schema.Row) error { return stop("after update") },
			BeforeDelete: func(context.Context, schema.Row) error { return stop("delete") },
			AfterDelete:  func(context.Context, schema.Row) error { return stop("after delete") },
		}},
	}
	o.User.DeleteUser.Enabled = true
	auth, err := ostiary.New(o)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ctx := context.Background()
	if err := auth.Migrate(ctx); err != nil {
		fmt.Println(err)
		return 1
	}
	signUp := func(email string) (api.SignUpEmailOutput, error) {
		return auth.API.SignUpEmail(ctx, api.SignUpEmailInput{Name: "N", Email: email, Password: goodPassword})
	}
	if _, err := signUp("ada@example.com"); err != nil {
		fmt.Println(err)
		return 1
	}
	signedIn, err := ostiary.Invoke(ctx, auth, api.SignInEmail, api.SignInEmailInput{Email: "ada@example.com", Password: goodPassword})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	cookies := map[string][]string{"Cookie": {strings.SplitN(signedIn.Header.Get("Set-Cookie"), ";", 2)[0]}}
	if _, err := auth.API.RequestPasswordReset(ctx, api.RequestPasswordResetInput{Email: "ada@example.com"}); err != nil {
		fmt.Println(err)
		return 1
	}
	armed = true
	switch s.operation {
	case "sign-up":
		_, err = signUp("new@example.com")
	case "reset":
		_, err = auth.API.ResetPassword(ctx, api.ResetPasswordInput{Token: reset, NewPassword: "another good one"})
	case "delete":
		_, err = auth.API.DeleteUser(ctx, api.DeleteUserInput{}, ostiary.WithHeader(cookies))
	case "change":
		_, err = auth.API.ChangePassword(ctx, api.ChangePasswordInput{CurrentPassword: goodPassword, NewPassword: "another good one", RevokeOtherSessions: true}, ostiary.WithHeader(cookies))
	}
	fmt.Println("not stopped:", err)
	return 1
}

// crash runs a scenario in a child, kills it, and returns a server over what it
// left behind.
func crash(t *testing.T, s crashScenario) *server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth.db")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashEnv+"="+s.String()+","+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := child.StdinPipe(); err != nil { // which stays open, so that the child waits
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	said := ""
	for said != "stopped" && lines.Scan() {
		said = lines.Text()
	}
	if err := child.Process.Kill(); err != nil { // SIGKILL
		t.Error(err)
	}
	_ = child.Wait() // it was killed
	if said != "stopped" {
		t.Fatalf("%v: the child says %q", s, said)
	}
	return newServer(t, func(s *server, o *ostiary.Options) {
		o.Database = sqlite.Open(path)
		s.clock.now = time.Now()
		o.EmailAndPassword.RevokeSessionsOnPasswordReset = true
	})
}

// wantWhole checks that no user, account or session is without the others that
// belong to it.
func (s *server) wantWhole(t *testing.T) {
	t.Helper()
	users := map[string]bool{}
	for _, row := range s.rows(schema.UserKey) {
		users[row.ID()] = false
	}
	for _, row := range s.rows(schema.AccountKey) {
		id := row.StringAt(schema.AccountUserID)
		if _, ok := users[id]; !ok {
			t.Errorf("an account belongs to nobody")
		}
		users[id] = true
	}
	for _, row := range s.rows(schema.SessionKey) {
		if _, ok := users[row.StringAt(schema.SessionUserID)]; !ok {
			t.Errorf("a session belongs to nobody")
		}
	}
	for id, can := range users {
		if !can {
			t.Errorf("nobody can enter the account %s", id)
		}
	}
}

func TestACrashDuringSignUpLeavesNothingHalfMade(t *testing.T) {
	t.Parallel()
	for _, at := range []crashScenario{{"sign-up", schema.UserKey, "create"}, {"sign-up", schema.AccountKey, "create"}, {"sign-up", schema.SessionKey, "create"}, {"sign-up", schema.UserKey, "after create"}} {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			s := crash(t, at)
			s.wantWhole(t)
			want := 1
			if strings.HasPrefix(at.hook, "after") {
				want = 2
			}
			if n := len(s.rows(schema.UserKey)); n != want {
				t.Errorf("there are %d users, want %d", n, want)
			}
			c := s.client()
			if want == 1 {
				c.post("/sign-up/email", fields{"name": "N", "email": "new@example.com", "password": goodPassword}).ok(t)
			}
			c.signIn("new@example.com", goodPassword).ok(t)
		})
	}
}

func TestACrashDuringAResetLeavesOnePasswordAndAGoodLink(t *testing.T) {
	t.Parallel()
	for _, at := range []crashScenario{{"reset", schema.VerificationKey, "delete"}, {"reset", schema.AccountKey, "update"}, {"reset", schema.SessionKey, "delete"}, {"reset", schema.VerificationKey, "after delete"}} {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			s := crash(t, at)
			s.wantWhole(t)
			done := strings.HasPrefix(at.hook, "after")
			right, wrong, links, sessions := goodPassword, "another good one", 1, 2
			if done {
				right, wrong, links, sessions = wrong, right, 0, 0
			}
			if n := len(s.rows(schema.VerificationKey)); n != links {
				t.Errorf("there are %d links, want %d", n, links)
			}
			s.wantRows(1, sessions, 1)
			s.client().signIn("ada@example.com", wrong).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
			s.client().signIn("ada@example.com", right).ok(t)
		})
	}
}

func TestACrashDuringAPasswordChangeLeavesOldOrNew(t *testing.T) {
	t.Parallel()
	for _, at := range []crashScenario{{"change", schema.AccountKey, "update"}, {"change", schema.SessionKey, "delete"}, {"change", schema.SessionKey, "create"}, {"change", schema.AccountKey, "after update"}} {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			s := crash(t, at)
			s.wantWhole(t)
			right, wrong, sessions := goodPassword, "another good one", 2
			if strings.HasPrefix(at.hook, "after") {
				right, wrong, sessions = wrong, right, 1
			}
			s.wantRows(1, sessions, 1)
			s.client().signIn("ada@example.com", wrong).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
			s.client().signIn("ada@example.com", right).ok(t)
		})
	}
}

func TestACrashDuringDeletionLeavesTheUserWholeOrNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []crashScenario{{"delete", schema.SessionKey, "delete"}, {"delete", schema.AccountKey, "delete"}, {"delete", schema.UserKey, "delete"}, {"delete", schema.UserKey, "after delete"}} {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			s := crash(t, at)
			s.wantWhole(t)
			if strings.HasPrefix(at.hook, "after") {
				s.wantRows(0, 0, 0)
				return
			}
			s.client().signIn("ada@example.com", goodPassword).ok(t)
		})
	}
}
