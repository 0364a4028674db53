package ostiary_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// The points A1 to A8 of docs/session-update.md, each as a test: what people use
// unstable_update of Auth.js for, and what goes wrong with it.

// account is what such programs keep in the session.
type account struct {
	Username string `ostiary:"username,noinput,default="`
	Plan     string `ostiary:"plan,noinput,default=free,values=free|pro"`
	Theme    string `ostiary:"theme,default=light"`
}

// copyOnSignIn is the usual jwt callback: on sign-in it copies from the user; the
// patch of an update is merged without its doing.
func copyOnSignIn(_ context.Context, e *core.SessionEvent) error {
	if e.Trigger == core.TriggerSignIn || e.Trigger == core.TriggerSignUp {
		e.Fields["username"] = strings.ToLower(e.User.Name)
	}
	return nil
}

func articleServer(t *testing.T, settings ...setting) *server {
	t.Helper()
	return newServer(t, append([]setting{onSQLite, withCache(core.CompactCache), func(_ *server, o *ostiary.Options) {
		o.Session.Fields = schema.FieldsOf[account]()
		o.Session.Callbacks.Token = copyOnSignIn
	}}, settings...)...)
}

func (c *client) account() account {
	c.s.t.Helper()
	got, err := schema.Extra[account](c.fields())
	if err != nil {
		c.s.t.Fatal(err)
	}
	return got
}

func TestA1_TheProgramChangesTheSessionAtAnyTime(t *testing.T) {
	t.Parallel()
	s := articleServer(t)
	c := s.signUp("ada@example.com")
	if _, err := c.patch(ostiary.Patch{"plan": "pro"}); err != nil {
		t.Fatal(err)
	}
	if got := c.account().Plan; got != "pro" {
		t.Errorf("plan is %s", got)
	}
}

func TestA2_AnUpdateRunsTheCallbackWhoseChangeIsTheNewSession(t *testing.T) {
	t.Parallel()
	s := articleServer(t, withCallbacks(core.SessionCallbacks{Token: func(_ context.Context, e *core.SessionEvent) error {
		if e.Trigger == core.TriggerUpdate && e.Patch["username"] != nil {
			e.Fields["username"] = strings.ToUpper(e.Fields["username"].(string))
		}
		return nil
	}}))
	c := s.signUp("ada@example.com")
	if _, err := c.patch(ostiary.Patch{"username": "ada"}); err != nil {
		t.Fatal(err)
	}
	if got := c.account().Username; got != "ADA" {
		t.Errorf("username is %q", got)
	}
}

func TestA3_TheUsualCallbackWorksAndBadInputSignsNobodyOut(t *testing.T) {
	t.Parallel()
	s := articleServer(t)
	c := s.signUp("ada@example.com")
	if diff := cmp.Diff(account{Username: "somebody", Plan: "free", Theme: "light"}, c.account()); diff != "" {
		t.Errorf("after sign-in (-want +got):\n%s", diff)
	}
	c.post("/update-session", fields{"theme": "dark"}).ok(t)
	for _, body := range []string{`null`, `undefined`, `[]`, `{}`, `{"data":null}`, `{"theme":[]}`, `{"theme":{"a":1}}`, `"text"`, ``} {
		if answer := c.do(c.request(http.MethodPost, "/update-session", []byte(body))); answer.status != 400 || len(answer.header["Set-Cookie"]) > 0 {
			t.Errorf("%s is answered %v with cookies %v", body, answer, answer.header["Set-Cookie"])
		}
	}
	if diff := cmp.Diff(account{Username: "somebody", Plan: "free", Theme: "dark"}, c.account()); diff != "" {
		t.Errorf("after the updates (-want +got):\n%s", diff)
	}
}

func TestA4_TypesHoldAtRunTimeAndClientsGainNoPrivileges(t *testing.T) {
	t.Parallel()
	s := articleServer(t)
	c := s.signUp("ada@example.com")
	owner := c.session().User.ID
	c.post("/update-session", fields{"theme": "dark", "plan": "pro"}).want(t, 400, schema.FieldNotAllowed)
	c.post("/update-session", fields{"theme": "dark", "user": fields{"id": "999", "role": "admin"}, "userId": "999", "role": "admin"}).ok(t)
	if diff := cmp.Diff(account{Username: "somebody", Plan: "free", Theme: "dark"}, c.account()); diff != "" || c.session().User.ID != owner {
		t.Errorf("a client has more than it may set (-want +got):\n%s", diff)
	}
}

func TestA5_TheClientIsToldOfAnUpdateByTheProgram(t *testing.T) {
	t.Parallel()
	s := articleServer(t)
	c := s.signUp("ada@example.com")
	answer, err := c.patch(ostiary.Patch{"plan": "pro"})
	if err != nil {
		t.Fatal(err)
	}
	if answer.header.Get(core.SessionUpdatedHeader) == "" || !strings.Contains(answer.header.Get("Access-Control-Expose-Headers"), core.SessionUpdatedHeader) {
		t.Errorf("headers are %v", answer.header)
	}
	if again := c.get("/get-session"); c.account().Plan != "pro" || again.header.Get(core.SessionUpdatedHeader) != "" {
		t.Errorf("reading the session anew answers %v", again)
	}
}

func TestA6_PermissionsChangeOnAllDevicesAtOnce(t *testing.T) {
	t.Parallel()
	s := articleServer(t)
	a, b := s.devices("ada@example.com")
	if n, err := s.UpdateUserSessions(t.Context(), a.session().User.ID, ostiary.Patch{"plan": "pro"}); n != 2 || err != nil {
		t.Fatalf("%d updated, %v", n, err)
	}
	if a.account().Plan != "pro" || b.account().Plan != "pro" {
		t.Errorf("plans are %s and %s", a.account().Plan, b.account().Plan)
	}
}

func TestA7_UpdatesAreKeptInTheDatabase(t *testing.T) {
	t.Parallel()
	s := articleServer(t)
	c := s.signUp("ada@example.com")
	if _, err := c.patch(ostiary.Patch{"plan": "pro"}); err != nil {
		t.Fatal(err)
	}
	if got := s.rows(schema.SessionKey)[0].Get("plan"); got != "pro" {
		t.Errorf("stored is %v", got)
	}
	s.clock.Advance(time.Hour) // every cookie cache is too old
	if got := c.account().Plan; got != "pro" {
		t.Errorf("plan is %s", got)
	}
}

func TestA7_ReadingASessionRunsNoCallback(t *testing.T) {
	t.Parallel()
	calls := 0
	s := articleServer(t, withCallbacks(core.SessionCallbacks{Token: func(context.Context, *core.SessionEvent) error {
		calls++
		return nil
	}}))
	c := s.signUp("ada@example.com")
	calls = 0
	s.clock.Advance(time.Hour)
	for range 10 {
		c.get("/get-session?disableCookieCache=true").ok(t)
	}
	if calls != 0 {
		t.Errorf("%d calls", calls)
	}
}

func TestA8_UpdatesAtTheSameTimeAreFlexibleAndSafe(t *testing.T) {
	t.Parallel()
	s := articleServer(t)
	c := s.signUp("ada@example.com")
	failures := parallel(2, func(i int) error {
		patch := []ostiary.Patch{{"plan": "pro"}, {"username": "countess"}}[i]
		_, err := s.UpdateSessionByID(context.Background(), s.rows(schema.SessionKey)[0].ID(), patch)
		return err
	})
	for _, err := range failures {
		if err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(account{Username: "countess", Plan: "pro", Theme: "light"}, c.account()); diff != "" {
		t.Errorf("after both (-want +got):\n%s", diff)
	}
}
