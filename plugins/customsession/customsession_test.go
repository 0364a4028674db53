package customsession_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/customsession"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/multisession"
	"github.com/ostiary/ostiary/schema"
)

func start(t testing.TB, o customsession.Options, configure ...func(*ostiary.Options)) *plugintest.Server {
	return plugintest.New(t, func(so *ostiary.Options) {
		so.Plugins = []core.Plugin{multisession.New(multisession.Options{}), customsession.New(o)}
		for _, fn := range configure {
			fn(so)
		}
	})
}

// greeting is an answer of another shape than the session's.
func greeting(_ *core.Context, s api.SessionAndUser) (any, error) {
	return map[string]string{"hello": s.User.Email}, nil
}

func TestGetSessionAnswersWhatTheApplicationSays(t *testing.T) {
	t.Parallel()
	s := start(t, customsession.Options{Answer: greeting})
	b := s.Browser(t)
	if r := b.Get("/get-session"); r.Status != http.StatusOK || r.Text != "null" {
		t.Errorf("without a session: %d %s", r.Status, r.Text)
	}
	b.SignUp("ada@example.com")
	r := b.Get("/get-session?disableCookieCache=true")
	if r.Text != `{"hello":"ada@example.com"}` || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", r.Status, r.Header, r.Text)
	}
	if r := b.Post("/get-session", nil); r.Status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d %s", r.Status, r.Text)
	}
}

func TestEveryReadAsksTheApplication(t *testing.T) {
	t.Parallel()
	calls := 0
	s := start(t, customsession.Options{Answer: func(*core.Context, api.SessionAndUser) (any, error) {
		calls++
		return calls, nil
	}}, func(o *ostiary.Options) { o.Session.CookieCache.Enabled = true })
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	for _, want := range []string{"1", "2"} {
		if r := b.Get("/get-session"); r.Text != want {
			t.Errorf("%d %s, want %s", r.Status, r.Text, want)
		}
	}
}

func TestRefreshedCookiesAreSent(t *testing.T) {
	t.Parallel()
	s := start(t, customsession.Options{Answer: greeting})
	b := s.Browser(t)
	token := *b.SignUp("ada@example.com").Token
	s.Clock.Advance(2 * 24 * time.Hour)
	r := b.Get("/get-session")
	if c := r.Cookie("better-auth.session_token"); c == nil || !strings.HasPrefix(c.Value, token) || c.MaxAge != 7*24*3600 {
		t.Errorf("%d %v", r.Status, r.Cookies)
	}
}

func TestServerKnowsTheSessionAsItIs(t *testing.T) {
	t.Parallel()
	s := start(t, customsession.Options{Answer: greeting})
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	if r := b.Get("/list-sessions"); r.Status != http.StatusOK {
		t.Errorf("list sessions: %d %s", r.Status, r.Text)
	}
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	for name, value := range b.Cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if id, err := s.Auth.Session(r); err != nil || id == nil || id.User.Email != "ada@example.com" {
		t.Errorf("session %+v, %v", id, err)
	}
}

func TestHiddenFieldsReachOnlyTheApplication(t *testing.T) {
	t.Parallel()
	var hidden any
	s := start(t, customsession.Options{Answer: func(c *core.Context, s api.SessionAndUser) (any, error) {
		hidden = c.Session.User.Private["note"]
		return s, nil
	}}, func(o *ostiary.Options) {
		o.User.Fields = []schema.Field{{Name: "note", Optional: true, Hidden: true, Default: "confidential"}}
	})
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	if r := b.Get("/get-session"); strings.Contains(r.Text, "confidential") || hidden != "confidential" {
		t.Errorf("the application sees %v, the client %s", hidden, r.Text)
	}
}

func TestFailureOfTheApplicationIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		err    error
		status int
	}{
		{"an answer of the API", core.FailWith(http.StatusForbidden, "NO", "No"), http.StatusForbidden},
		{"any other error", errors.New("secret detail"), http.StatusInternalServerError},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, customsession.Options{Answer: func(*core.Context, api.SessionAndUser) (any, error) { return nil, c.err }})
			b := s.Browser(t)
			b.SignUp("ada@example.com")
			if r := b.Get("/get-session"); r.Status != c.status || strings.Contains(r.Text, "secret detail") || strings.Contains(r.Text, "ada@example.com") {
				t.Errorf("%d %s", r.Status, r.Text)
			}
		})
	}
}

func TestDeviceSessionsAreReplacedOnRequest(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		s := start(t, customsession.Options{Answer: greeting, DeviceSessions: on})
		b := s.Browser(t)
		b.SignUp("ada@example.com")
		var items []map[string]any
		b.Get("/multi-session/list-device-sessions").Decode(&items)
		_, replaced := items[0]["hello"]
		if diff := cmp.Diff(on, replaced); diff != "" {
			t.Error(diff, items)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := ostiary.New(ostiary.Options{Development: true, Plugins: []core.Plugin{customsession.New(customsession.Options{})}})
	if err == nil || !strings.Contains(err.Error(), "customsession.Options.Answer") {
		t.Errorf("error %v", err)
	}
}
