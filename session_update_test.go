package ostiary_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// preferences are the session fields of most tests here.
type preferences struct {
	Theme  string   `ostiary:"theme,default=light,values=light|dark"`
	Locale *string  `ostiary:"locale"`
	Level  int      `ostiary:"level,default=1"`
	Tags   []string `ostiary:"tags,optional"`
	Tenant *string  `ostiary:"tenant,noinput"`
	Note   *string  `ostiary:"note,noinput,hidden"`
}

// withPreferences declares the fields; a locale must not be "xx".
func withPreferences(_ *server, o *ostiary.Options) {
	o.Session.Fields = schema.FieldsOf[preferences]()
	for i := range o.Session.Fields {
		if f := &o.Session.Fields[i]; f.Name == "locale" {
			f.Validate = func(value any) (any, error) {
				if value == "xx" {
					return nil, errors.New("there is no such locale")
				}
				return value, nil
			}
		}
	}
}

func withCallbacks(callbacks core.SessionCallbacks) setting {
	return func(_ *server, o *ostiary.Options) { o.Session.Callbacks = callbacks }
}

// serve makes the browsers of a server reach an application behind it, at /app.
func (s *server) serve(app http.HandlerFunc) {
	mux := http.NewServeMux()
	mux.Handle(basePath+"/", s.Auth)
	mux.Handle("/app", s.RequireSession(app))
	mux.Handle("/bare", app)
	s.remote = inProcess{mux}
}

// visit asks the application.
func (c *client) visit(path string) reply {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.s.url+path, http.NoBody)
	if err != nil {
		c.s.t.Fatal(err)
	}
	return c.do(r)
}

// update has the application update the session of c, and returns the error of
// that and the answer.
func (c *client) update(update func(w http.ResponseWriter, r *http.Request) error) (reply, error) {
	var failed error
	c.s.serve(func(w http.ResponseWriter, r *http.Request) { failed = update(w, r) })
	browser := *c
	clone := *c.http
	clone.Transport = c.s.remote
	browser.http = &clone
	answer := browser.visit("/bare")
	return answer, failed
}

func (c *client) patch(p ostiary.Patch, options ...ostiary.UpdateOption) (reply, error) {
	return c.update(func(w http.ResponseWriter, r *http.Request) error {
		_, err := c.s.UpdateSession(w, r, p, options...)
		return err
	})
}

// storedPreferences returns the fields of the only session.
func (s *server) storedPreferences() preferences {
	s.t.Helper()
	rows := s.rows(schema.SessionKey)
	if len(rows) != 1 {
		s.t.Fatalf("there are %d sessions, want 1", len(rows))
	}
	out, err := schema.Extra[preferences](rows[0].Map())
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (c *client) fields() map[string]any {
	c.s.t.Helper()
	session := c.session()
	if session == nil {
		c.s.t.Fatal("nobody is signed in")
	}
	return session.Session.Extra
}

func TestUpdateSessionAnswersAsBetterAuthDoes(t *testing.T) {
	t.Parallel()
	const noFields = `{"message":"No fields to update"}`
	for _, test := range []struct {
		name, body string
		status     int
		answer     string
	}{
		{"an array", `[1]`, 400, `{"message":"[body] Invalid input: expected record, received array","code":"VALIDATION_ERROR"}`},
		{"null", `null`, 400, `{"message":"[body] Invalid input: expected record, received null","code":"VALIDATION_ERROR"}`},
		{"malformed JSON", `{"theme":`, 400, `{"message":"Invalid JSON in request body","code":"BAD_REQUEST"}`},
		{"nothing", `{}`, 400, noFields},
		{"unknown fields", `{"colour":"red","__proto__":{"theme":"dark"},"constructor":1}`, 400, noFields},
		{"core fields", `{"token":"mine","userId":"somebody","expiresAt":"2999-01-01T00:00:00Z","id":"x"}`, 400, noFields},
		{"an empty value for a field of the program's", `{"tenant":""}`, 400, noFields},
		{"a field of the program's", `{"tenant":"acme"}`, 400, `{"message":"tenant is not allowed to be set","code":"FIELD_NOT_ALLOWED"}`},
		{"a hidden field", `{"theme":"dark","note":"psst"}`, 400, `{"message":"note is not allowed to be set","code":"FIELD_NOT_ALLOWED"}`},
		{"what the validator refuses", `{"locale":"xx"}`, 400, `{"message":"there is no such locale","code":"VALIDATION_ERROR"}`},
		{"no number", `{"level":"high"}`, 400, `{"message":"Invalid input: expected number, received string","code":"VALIDATION_ERROR"}`},
		{"none of the values", `{"theme":"pink"}`, 400, `{"message":"Invalid option: expected one of \"light\"|\"dark\"","code":"VALIDATION_ERROR"}`},
		{"too much", `{"locale":"` + strings.Repeat("x", 9000) + `"}`, 413, `{"message":"Request body is too large","code":"PAYLOAD_TOO_LARGE"}`},
		{"too deep", `{"a":` + strings.Repeat(`[`, 9) + strings.Repeat(`]`, 9) + `}`, 400, `{"message":"Invalid input: nested too deeply","code":"VALIDATION_ERROR"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, withPreferences, withCache(core.CompactCache))
			c := s.signUp("ada@example.com")
			before := s.rows(schema.SessionKey)[0].Map()
			answer := c.do(c.request(http.MethodPost, "/update-session", []byte(test.body)))
			if answer.status != test.status || answer.body != test.answer {
				t.Errorf("answer is %v, want %d %s", answer, test.status, test.answer)
			}
			if set := answer.header["Set-Cookie"]; len(set) > 0 {
				t.Errorf("a refused update sets cookies: %v", set)
			}
			if diff := cmp.Diff(before, s.rows(schema.SessionKey)[0].Map()); diff != "" {
				t.Errorf("a refused update changes the session:\n%s", diff)
			}
		})
	}
	s := newServer(t, withPreferences, withCache(core.CompactCache))
	c := s.signUp("ada@example.com")
	t.Run("updated", func(t *testing.T) {
		answer := c.post("/update-session", fields{"theme": "dark", "level": "7", "colour": "red"}).ok(t)
		var out api.UpdateSessionOutput
		answer.decode(t, &out)
		want := map[string]any{"theme": "dark", "level": 7.0, "locale": nil, "tags": nil, "tenant": nil}
		if diff := cmp.Diff(want, out.Session.Extra); diff != "" {
			t.Errorf("fields shown (-want +got):\n%s", diff)
		}
		for _, name := range []string{sessionCookie, cacheCookie} {
			if k := answer.cookie(name); k == nil || k.MaxAge < 0 {
				t.Errorf("cookie %s is %v", name, k)
			}
		}
	})
	t.Run("without a session", func(t *testing.T) {
		answer := s.client().post("/update-session", fields{"theme": "dark"})
		if want := `{"message":"Unauthorized","code":"UNAUTHORIZED"}`; answer.status != 401 || answer.body != want {
			t.Errorf("answer is %v, want 401 %s", answer, want)
		}
		s.client().do(s.client().request(http.MethodPost, "/update-session", []byte(`[1]`))).want(t, 400, "VALIDATION_ERROR")
	})
	t.Run("from nowhere, and from elsewhere", func(t *testing.T) {
		other := c.copyOf()
		other.origin = ""
		other.post("/update-session", fields{"theme": "light"}).want(t, 403, "MISSING_OR_NULL_ORIGIN")
		other.origin = "https://evil.example.net"
		other.post("/update-session", fields{"theme": "light"}).want(t, 403, "INVALID_ORIGIN")
	})
	t.Run("as a form", func(t *testing.T) {
		r := c.request(http.MethodPost, "/update-session", []byte("theme=light"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		c.do(r).want(t, 415, "UNSUPPORTED_MEDIA_TYPE")
	})
	t.Run("by GET", func(t *testing.T) {
		if answer := c.get("/update-session"); answer.status != 404 || answer.body != "" {
			t.Errorf("answer is %v, want an empty 404", answer)
		}
	})
	t.Run("revoked, with a warm cache", func(t *testing.T) {
		if err := s.Kernel().Sessions.DeleteOf(t.Context(), s.userByEmail("ada@example.com").ID); err != nil {
			t.Fatal(err)
		}
		answer := c.post("/update-session", fields{"theme": "dark"})
		if want := `{"message":"Failed to get session","code":"FAILED_TO_GET_SESSION"}`; answer.status != 401 || answer.body != want {
			t.Errorf("answer is %v, want 401 %s", answer, want)
		}
		wantCleared(t, answer)
	})
}

func wantCleared(t *testing.T, answer reply) {
	t.Helper()
	for _, name := range []string{sessionCookie, cacheCookie, "__Secure-better-auth.dont_remember"} {
		if k := answer.cookie(name); k == nil || k.MaxAge >= 0 {
			t.Errorf("cookie %s is not deleted: %v", name, answer.header["Set-Cookie"])
		}
	}
}

func TestPatchesOfDifferentFieldsAtTheSameTimeAllSurvive(t *testing.T) {
	t.Parallel()
	const patches = 100
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withCache(core.CompactCache), func(_ *server, o *ostiary.Options) {
			for i := range patches {
				o.Session.Fields = append(o.Session.Fields, schema.Field{Name: fmt.Sprintf("field%d", i), Type: schema.Number, Optional: true})
			}
		})
		c := s.signUp("ada@example.com")
		id := c.session().Session.ID
		failures := parallel(patches, func(i int) error {
			name, value := fmt.Sprintf("field%d", i), i+1
			switch i % 3 {
			case 0:
				_, err := s.UpdateSessionByID(context.Background(), id, ostiary.Patch{name: value})
				return err
			case 1:
				_, err := s.UpdateUserSessions(context.Background(), s.rows(schema.UserKey)[0].ID(), ostiary.Patch{name: value})
				return err
			}
			if answer := c.copyOf().post("/update-session", fields{name: value}); answer.status != 200 {
				return errors.New(answer.String())
			}
			return nil
		})
		if err := errors.Join(failures...); err != nil {
			t.Fatal(err)
		}
		stored := s.rows(schema.SessionKey)[0]
		for i := range patches {
			if got := stored.Get(fmt.Sprintf("field%d", i)); got != int64(i+1) {
				t.Errorf("field %d is %v", i, got)
			}
		}
	})
}

func TestMutationsAtTheSameTimeDoNotLoseEachOther(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withPreferences)
		c := s.signUp("ada@example.com")
		outcomes := parallel(20, func(int) error {
			_, err := ostiary.MutateSession(s.Auth, httptest.NewRecorder(), c.appRequest(), func(p *preferences) error {
				p.Level++
				return nil
			})
			return err
		})
		made := 0
		for _, err := range outcomes {
			switch {
			case err == nil:
				made++
			case !errors.Is(err, ostiary.ErrConflict) || core.AsAPIError(err).Status != http.StatusConflict:
				t.Errorf("error %v", err)
			}
		}
		if got := s.storedPreferences().Level; got != 1+made || made == 0 {
			t.Errorf("level is %d after %d increments", got, made)
		}
	})
}

// appRequest returns a request of the browser to the application.
func (c *client) appRequest() *http.Request {
	r := httptest.NewRequest(http.MethodPost, c.s.url+"/app", http.NoBody)
	r.Header.Set("Cookie", c.cookieHeader())
	return r
}

func TestAMutationGivesUpAfterFiveConflicts(t *testing.T) {
	t.Parallel()
	s := newServer(t, withPreferences)
	c := s.signUp("ada@example.com")
	id := c.session().Session.ID
	calls := 0
	answer, err := c.update(func(w http.ResponseWriter, r *http.Request) error {
		_, err := s.MutateSession(w, r, func(fields map[string]any) error {
			calls++
			_, err := s.UpdateSessionByID(r.Context(), id, ostiary.Patch{"level": calls})
			fields["locale"] = "de"
			return err
		})
		return err
	})
	if !errors.Is(err, ostiary.ErrConflict) || calls != 6 {
		t.Errorf("error %v after %d calls, want a conflict after 6", err, calls)
	}
	if got := s.storedPreferences(); got.Level != 6 || got.Locale != nil {
		t.Errorf("stored is %+v", got)
	}
	if len(answer.header["Set-Cookie"]) > 0 {
		t.Errorf("a conflict sets cookies: %v", answer.header["Set-Cookie"])
	}
}

func TestAnUpdateOfAnotherRevisionIsAConflict(t *testing.T) {
	t.Parallel()
	s := newServer(t, withPreferences)
	c := s.signUp("ada@example.com")
	seen := c.session().Session
	first, err := s.UpdateSessionByID(t.Context(), seen.ID, ostiary.Patch{"level": 2}, ostiary.WithRevision(seen.UpdatedAt))
	if err != nil {
		t.Fatal(err)
	}
	if !first.Session.UpdatedAt.After(seen.UpdatedAt) {
		t.Error("the update time does not grow when the clock stands still")
	}
	_, err = s.UpdateSessionByID(t.Context(), seen.ID, ostiary.Patch{"level": 3}, ostiary.WithRevision(seen.UpdatedAt))
	if !errors.Is(err, ostiary.ErrConflict) {
		t.Errorf("error %v, want a conflict", err)
	}
}

func TestAReadAtTheSameTimeNeverRevertsAnUpdate(t *testing.T) {
	t.Parallel()
	s := newServer(t, withPreferences, withCache(core.CompactCache), func(_ *server, o *ostiary.Options) {
		o.Session.UpdateAge = new(time.Duration) // every read writes
	})
	c := s.signUp("ada@example.com")
	id := c.session().Session.ID
	for level := range 20 {
		parallel(5, func(i int) reply {
			if i == 0 {
				if _, err := s.UpdateSessionByID(context.Background(), id, ostiary.Patch{"level": level}); err != nil {
					t.Error(err)
				}
			}
			return c.copyOf().get("/get-session?disableCookieCache=true")
		})
		if got := s.storedPreferences().Level; got != level {
			t.Fatalf("level is %d after it was set to %d", got, level)
		}
		if got := c.copyOf().fields()["level"]; got != float64(level) {
			t.Fatalf("level is shown as %v after it was set to %d", got, level)
		}
	}
}

func TestUpdatesByTheProgram(t *testing.T) {
	t.Parallel()
	locale, tenant := "de", "acme"
	for _, test := range []struct {
		name  string
		patch ostiary.Patch
		field string // that is refused
		code  string
	}{
		{"fields that clients cannot set", ostiary.Patch{"tenant": "acme", "note": &tenant}, "", ""},
		{"named types and numbers of any size", ostiary.Patch{"theme": theme("dark"), "level": uint8(3)}, "", ""},
		{"nil resets", ostiary.Patch{"theme": nil, "level": nil, "locale": nil}, "", ""},
		{"a struct", ostiary.PatchOf(preferences{Theme: "dark", Locale: &locale}, "theme", "locale"), "", ""},
		{"a whole struct", ostiary.PatchOf(preferences{Theme: "dark", Tags: []string{"a"}}), "", ""},
		{"a field that the struct has not", ostiary.PatchOf(preferences{}, "colour"), "colour", core.UnknownField},
		{"a field that the session has not", ostiary.Patch{"colour": "red"}, "colour", core.UnknownField},
		{"a core field", ostiary.Patch{"userId": "somebody"}, "userId", core.UnknownField},
		{"a wrong type", ostiary.Patch{"level": "7"}, "level", schema.ValidationError},
		{"none of the values", ostiary.Patch{"theme": "pink"}, "theme", schema.ValidationError},
		{"what the validator refuses", ostiary.Patch{"locale": "xx"}, "locale", schema.ValidationError},
		{"what cannot be stored", ostiary.Patch{"tags": make(chan int)}, "tags", schema.ValidationError},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, onSQLite, withPreferences, withCache(core.CompactCache))
			c := s.signUp("ada@example.com")
			answer, err := c.patch(test.patch, ostiary.WithReason("a test"))
			var refused *ostiary.FieldError
			switch {
			case test.field == "" && err != nil:
				t.Fatalf("update: %v", err)
			case test.field != "" && (!errors.As(err, &refused) || refused.Field != test.field || refused.Code != test.code):
				t.Fatalf("error %v, want one about %s, %s", err, test.field, test.code)
			case test.field != "" && len(answer.header) > 1:
				t.Errorf("a refused update answers with %v", answer.header)
			case test.field == "" && answer.header.Get(core.SessionUpdatedHeader) == "":
				t.Error("the client is not told that its session was updated")
			}
		})
	}
	s := newServer(t, withPreferences)
	c := s.signUp("ada@example.com")
	if _, err := c.patch(nil); !errors.Is(err, ostiary.ErrNothingToUpdate) {
		t.Errorf("error %v of an empty patch", err)
	}
	if _, err := s.client().patch(ostiary.Patch{"level": 2}); !errors.Is(err, ostiary.ErrNoSession) {
		t.Errorf("error %v without a session", err)
	}
	if _, err := s.UpdateSessionByID(t.Context(), "none", ostiary.Patch{"level": 2}); !errors.Is(err, ostiary.ErrNoSession) {
		t.Errorf("error %v for an unknown id", err)
	}
	if n, err := s.UpdateUserSessions(t.Context(), "nobody", ostiary.Patch{"level": 2}); n != 0 || err != nil {
		t.Errorf("%d sessions of nobody updated, error %v", n, err)
	}
	if _, err := c.update(func(w http.ResponseWriter, r *http.Request) error {
		_, err := s.MutateSession(w, r, func(map[string]any) error { return nil })
		return err
	}); !errors.Is(err, ostiary.ErrNothingToUpdate) {
		t.Errorf("error %v of a mutation that changes nothing", err)
	}
}

type theme string

func TestFieldsAreReadWithTheirTypes(t *testing.T) {
	t.Parallel()
	s := newServer(t, withPreferences, withCache(core.CompactCache))
	c := s.signUp("ada@example.com")
	if _, err := c.patch(ostiary.Patch{"level": 5, "tags": []string{"a", "b"}, "note": "hidden"}); err != nil {
		t.Fatal(err)
	}
	id, err := s.Session(c.appRequest())
	if err != nil {
		t.Fatal(err)
	}
	got, err := ostiary.SessionFields[preferences](id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(preferences{Theme: "light", Level: 5, Tags: []string{"a", "b"}}, got); diff != "" {
		t.Errorf("fields from the cookie cache (-want +got):\n%s", diff)
	}
	stored, err := s.UpdateSessionByID(t.Context(), id.Session.ID, ostiary.Patch{"level": 6})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ostiary.SessionFields[preferences](stored); err != nil || got.Note == nil || *got.Note != "hidden" {
		t.Errorf("fields from the store are %+v, %v", got, err)
	}
	if got, err := ostiary.SessionFields[preferences](nil); err != nil || got.Level != 0 {
		t.Errorf("fields of nobody are %+v, %v", got, err)
	}
}

func TestNothingChangesWhenTheResponseHasBegun(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w http.ResponseWriter){
		"by a status": func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"by a body":   func(w http.ResponseWriter) { fmt.Fprint(w, "hello") },
		"by a flush":  func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, withPreferences)
			c := s.signUp("ada@example.com")
			var failed error
			s.serve(func(w http.ResponseWriter, r *http.Request) {
				begin(w)
				_, failed = s.UpdateSession(w, r, ostiary.Patch{"level": 2})
			})
			c.http.Transport = s.remote
			c.visit("/app")
			if !errors.Is(failed, ostiary.ErrHeadersSent) || s.storedPreferences().Level != 1 {
				t.Errorf("error %v, stored %+v", failed, s.storedPreferences())
			}
		})
	}
}

func TestAnUpdateBehindAGuardSetsEveryCookieOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, withPreferences, withCache(core.CompactCache))
	c := s.signUp("ada@example.com")
	s.clock.Advance(25 * time.Hour) // the guard renews the session
	s.serve(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.UpdateSession(w, r, ostiary.Patch{"level": 2}); err != nil {
			t.Error(err)
		}
	})
	c.http.Transport = s.remote
	answer := c.visit("/app").ok(t)
	seen := map[string]int{}
	for _, k := range (&http.Response{Header: answer.header}).Cookies() {
		seen[k.Name]++
	}
	if want := map[string]int{sessionCookie: 1, cacheCookie: 1}; !maps.Equal(seen, want) {
		t.Errorf("cookies set are %v, want %v", seen, want)
	}
	if got := c.fields()["level"]; got != 2.0 {
		t.Errorf("level is %v", got)
	}
}

func TestAFailingCallbackChangesNothing(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	refusal := core.FailWith(http.StatusTeapot, "TEAPOT", "Short and stout")
	failures := map[string]struct {
		fail   func(ctx context.Context) error
		status int
		code   string
	}{
		"error":                   {func(context.Context) error { return errors.New("broken") }, 500, ""},
		"refusal":                 {func(context.Context) error { return refusal }, http.StatusTeapot, "TEAPOT"},
		"panic":                   {func(context.Context) error { panic("broken") }, 500, ""},
		"too slow":                {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 500, ""},
		"too slow, and ignorant":  {func(context.Context) error { <-release; return nil }, 500, ""},
		"a field that is not one": {nil, 400, core.UnknownField},
	}
	for name, failure := range failures {
		for _, callback := range []string{"Token", "View"} {
			if failure.fail == nil && callback == "View" {
				continue
			}
			t.Run(callback+"/"+name, func(t *testing.T) {
				t.Parallel()
				token := func(ctx context.Context, e *core.SessionEvent) error {
					if e.Trigger != core.TriggerUpdate {
						return nil
					}
					e.Fields["theme"] = "dark"
					if failure.fail == nil {
						e.Fields["colour"] = "red"
						return nil
					}
					return failure.fail(ctx)
				}
				callbacks := core.SessionCallbacks{Token: token, Timeout: 10 * time.Millisecond}
				if callback == "View" {
					callbacks.Token, callbacks.View = nil, func(ctx context.Context, e *core.SessionEvent, _ *api.SessionAndUser) error { return token(ctx, e) }
				}
				s := newServer(t, withPreferences, withCache(core.CompactCache), withCallbacks(callbacks))
				c := s.signUp("ada@example.com")
				before := s.rows(schema.SessionKey)[0].Map()
				answer := c.post("/update-session", fields{"level": 2}).want(t, failure.status, failure.code)
				replies := []reply{answer}
				if callback == "Token" {
					answer, err := c.patch(ostiary.Patch{"level": 3})
					if err == nil {
						t.Error("the program is not told")
					}
					replies = append(replies, answer)
				}
				for _, r := range replies {
					if len(r.header["Set-Cookie"]) > 0 {
						t.Errorf("cookies are set: %v", r.header["Set-Cookie"])
					}
				}
				if diff := cmp.Diff(before, s.rows(schema.SessionKey)[0].Map()); diff != "" {
					t.Errorf("the session has changed:\n%s", diff)
				}
				if c.session() == nil {
					t.Error("the user is signed out")
				}
			})
		}
	}
}

func TestACallbackCanEndTheSession(t *testing.T) {
	t.Parallel()
	var ending string
	callbacks := core.SessionCallbacks{TokenOnRead: true, Token: func(_ context.Context, e *core.SessionEvent) error {
		if string(e.Trigger) == ending {
			return fmt.Errorf("enough: %w", core.ErrRevokeSession)
		}
		return nil
	}}
	s := newServer(t, withPreferences, withCallbacks(callbacks))
	c := s.signUp("ada@example.com")
	ending = "update"
	answer := c.post("/update-session", fields{"level": 2}).want(t, 401, "FAILED_TO_GET_SESSION")
	if k := answer.cookie(sessionCookie); k == nil || k.MaxAge >= 0 || len(s.rows(schema.SessionKey)) != 0 {
		t.Error("the session goes on")
	}
	c.signIn("ada@example.com", goodPassword).ok(t)
	if _, err := c.patch(ostiary.Patch{"level": 2}); !errors.Is(err, ostiary.ErrRevoked) || len(s.rows(schema.SessionKey)) != 0 {
		t.Errorf("error %v, want ErrRevoked", err)
	}
	c.signIn("ada@example.com", goodPassword).ok(t)
	if c.session() == nil {
		t.Fatal("not signed in")
	}
	ending = "read"
	if c.session() != nil || len(s.rows(schema.SessionKey)) != 0 {
		t.Error("a session is read that the callback has ended")
	}
	ending = "signIn"
	if answer := c.signIn("ada@example.com", goodPassword); answer.status < 400 || len(s.rows(schema.SessionKey)) != 0 {
		t.Errorf("a session begins that the callback has ended: %v", answer)
	}
}

func TestCallbacksAreToldWhy(t *testing.T) {
	t.Parallel()
	var events []core.SessionEvent
	callbacks := core.SessionCallbacks{TokenOnRead: true, Token: func(_ context.Context, e *core.SessionEvent) error {
		events = append(events, *e)
		if e.User.Email != "ada@example.com" {
			t.Errorf("user is %+v", e.User)
		}
		return nil
	}}
	s := newServer(t, withPreferences, withCallbacks(callbacks))
	c := s.signUp("ada@example.com")
	c.post("/update-session", fields{"level": "2", "anything": []int{1}}).ok(t)
	id := c.session().Session.ID
	if _, err := s.UpdateSessionByID(t.Context(), id, ostiary.Patch{"tenant": "acme"}); err != nil {
		t.Fatal(err)
	}
	c.signIn("ada@example.com", goodPassword).ok(t)
	type told struct {
		Trigger core.Trigger
		Source  core.PatchSource
		Patch   core.Patch
		Raw     string
		Level   any
	}
	var got []told
	for _, e := range events {
		if e.Trigger == core.TriggerRead && len(got) > 0 && got[len(got)-1].Trigger == core.TriggerRead {
			continue
		}
		got = append(got, told{e.Trigger, e.Source, e.Patch, string(e.Raw), e.Fields["level"]})
	}
	want := []told{
		{Trigger: core.TriggerSignUp, Level: int64(1)},
		{Trigger: core.TriggerRead, Level: int64(1)}, // by the gate of update-session
		{core.TriggerUpdate, core.FromClient, core.Patch{"level": int64(2)}, `{"anything":[1],"level":"2"}`, int64(2)},
		{Trigger: core.TriggerRead, Level: int64(2)},
		{core.TriggerUpdate, core.FromServer, core.Patch{"tenant": "acme"}, "", int64(2)},
		{Trigger: core.TriggerSignIn, Level: int64(1)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestWhatACallbackSetsIsStored(t *testing.T) {
	t.Parallel()
	callbacks := core.SessionCallbacks{TokenOnRead: true, Token: func(_ context.Context, e *core.SessionEvent) error {
		switch e.Trigger {
		case core.TriggerSignUp:
			e.Fields["tenant"] = "of " + e.User.Name
		case core.TriggerUpdate:
			delete(e.Fields, "theme") // resets
			e.Fields["level"] = e.Fields["level"].(int64) * 10
		case core.TriggerRead:
			e.Fields["note"] = "read"
		}
		return nil
	}}
	s := newServer(t, onSQLite, withPreferences, withCallbacks(callbacks))
	c := s.signUp("ada@example.com")
	if got := s.storedPreferences(); got.Tenant == nil || *got.Tenant != "of Somebody" {
		t.Errorf("after sign-up: %+v", got)
	}
	c.post("/update-session", fields{"level": 4, "theme": "dark"}).ok(t)
	if got := c.fields(); got["level"] != 40.0 || got["theme"] != "light" {
		t.Errorf("shown after the update: %v", got)
	}
	if got := s.storedPreferences(); got.Level != 40 || got.Theme != "light" || got.Note == nil || *got.Note != "read" {
		t.Errorf("stored after the update: %+v", got)
	}
}

func TestAViewIsAllThatClientsSee(t *testing.T) {
	t.Parallel()
	callbacks := core.SessionCallbacks{View: func(_ context.Context, e *core.SessionEvent, shown *api.SessionAndUser) error {
		delete(shown.Session.Extra, "level")
		shown.User.Email = "hidden"
		shown.Session.Extra["trigger"] = string(e.Trigger)
		return nil
	}}
	s := newServer(t, withPreferences, withCache(core.CompactCache), withCallbacks(callbacks))
	c := s.signUp("ada@example.com")
	answer := c.post("/update-session", fields{"theme": "dark"}).ok(t)
	var out api.UpdateSessionOutput
	answer.decode(t, &out)
	want := map[string]any{"theme": "dark", "locale": nil, "tags": nil, "tenant": nil, "trigger": "update"}
	if diff := cmp.Diff(want, out.Session.Extra); diff != "" {
		t.Errorf("shown by update-session (-want +got):\n%s", diff)
	}
	want["trigger"] = "read"
	if diff := cmp.Diff(want, c.fields()); diff != "" || c.session().User.Email != "hidden" {
		t.Errorf("shown by get-session (-want +got):\n%s", diff)
	}
	id, err := s.Session(c.appRequest())
	if err != nil || id.User.Email != "ada@example.com" || id.Session.Extra["level"] != 1.0 {
		t.Errorf("the program sees %+v, %v", id, err)
	}
}

func TestDatabaseHooksRunAroundUpdatesOfSessions(t *testing.T) {
	t.Parallel()
	abort := false
	s := newServer(t, withPreferences, func(_ *server, o *ostiary.Options) {
		o.DatabaseHooks = []core.DatabaseHook{{Model: schema.SessionKey, BeforeUpdate: func(_ context.Context, change schema.Row) error {
			if abort {
				return core.ErrAbort
			}
			change.Set("tenant", "hooked")
			return nil
		}}}
	})
	c := s.signUp("ada@example.com")
	if _, err := c.patch(ostiary.Patch{"level": 2}); err != nil {
		t.Fatal(err)
	}
	if got := s.storedPreferences(); got.Level != 2 || got.Tenant == nil || *got.Tenant != "hooked" {
		t.Errorf("stored is %+v", got)
	}
	abort = true
	answer, err := c.patch(ostiary.Patch{"level": 3})
	if !errors.Is(err, core.ErrAbort) || len(answer.header["Set-Cookie"]) > 0 || s.storedPreferences().Level != 2 {
		t.Errorf("error %v, stored %+v, answer %v", err, s.storedPreferences(), answer.header)
	}
}

func TestUpdatesAreAudited(t *testing.T) {
	t.Parallel()
	s := newServer(t, withPreferences)
	c := s.signUp("ada@example.com")
	if _, err := c.patch(ostiary.Patch{"note": "do-not-log-me", "level": 2}, ostiary.WithReason("support ticket 7")); err != nil {
		t.Fatal(err)
	}
	logged := s.logs.String()
	for _, want := range []string{"msg=session.updated", "source=server", `changed="[level note]"`, `reason="support ticket 7"`, "userID=" + c.session().User.ID} {
		if !strings.Contains(logged, want) {
			t.Errorf("the log lacks %s:\n%s", want, logged)
		}
	}
	if strings.Contains(logged, "do-not-log-me") || strings.Contains(logged, c.session().Session.Token) {
		t.Error("the log has values")
	}
}

// devices returns two browsers of one user, both with a warm cache.
func (s *server) devices(email string) (a, b *client) {
	a = s.signUp(email)
	b = s.client()
	b.signIn(email, goodPassword).ok(s.t)
	s.clock.Advance(time.Second)
	for _, c := range []*client{a, b} {
		if r := c.get("/get-session"); len(r.header["Set-Cookie"]) > 0 {
			s.t.Fatalf("the cache is cold: %v", r.header["Set-Cookie"])
		}
	}
	return a, b
}

func TestOtherDevicesSeeAChangeWithTheirNextRequest(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	changes := map[string]func(s *server, a, b *client) error{
		"all sessions of the user": func(s *server, _, _ *client) error {
			n, err := s.UpdateUserSessions(context.Background(), s.userByEmail(email).ID, ostiary.Patch{"level": 9})
			if n != 2 {
				return fmt.Errorf("%d sessions updated", n)
			}
			return err
		},
		"the session by id": func(s *server, _, b *client) error {
			_, err := s.UpdateSessionByID(context.Background(), b.session().Session.ID, ostiary.Patch{"level": 9})
			return err
		},
		"another tab with an older copy of the cookies": func(s *server, _, b *client) error {
			_, err := b.copyOf().patch(ostiary.Patch{"level": 9})
			return err
		},
		"the profile": func(_ *server, a, _ *client) error {
			if r := a.post("/update-user", fields{"name": "New Name"}); r.status != 200 {
				return errors.New(r.String())
			}
			return nil
		},
		"the role": func(s *server, _, _ *client) error {
			users := s.Kernel().Users
			_, err := users.Update(context.Background(), s.userByEmail(email).ID, users.Table().NewRow().Set("name", "New Name"))
			return err
		},
	}
	for name, change := range changes {
		for _, strategy := range strategies {
			t.Run(name+"/"+string(strategy), func(t *testing.T) {
				t.Parallel()
				s := newServer(t, onSQLite, withPreferences, withCache(strategy))
				a, b := s.devices(email)
				if err := change(s, a, b); err != nil {
					t.Fatal(err)
				}
				answer := b.get("/get-session")
				got := b.sessionOf(answer)
				if got.Session.Extra["level"] != 9.0 && got.User.Name != "New Name" {
					t.Errorf("the other device sees %+v", got)
				}
				if answer.header.Get(core.SessionUpdatedHeader) == "" || answer.cookie(cacheCookie) == nil {
					t.Errorf("the other device is not told: %v", answer.header)
				}
				answer = b.get("/get-session")
				if answer.header.Get(core.SessionUpdatedHeader) != "" || answer.cookie(cacheCookie) != nil {
					t.Errorf("the other device is told twice: %v", answer.header)
				}
			})
		}
	}
}

func TestARevokedSessionIsRefusedAtOnceWhereCachesAreStrict(t *testing.T) {
	t.Parallel()
	revocations := map[string]func(a, b *client) reply{
		"one": func(a, b *client) reply {
			return a.post("/revoke-session", fields{"token": b.session().Session.Token})
		},
		"others":   func(a, _ *client) reply { return a.post("/revoke-other-sessions", fields{}) },
		"sign-out": func(_, b *client) reply { return b.copyOf().post("/sign-out", fields{}) },
		"new password": func(a, _ *client) reply {
			return a.post("/change-password", fields{"currentPassword": goodPassword, "newPassword": "another password", "revokeOtherSessions": true})
		},
	}
	for name, revoke := range revocations {
		for _, strict := range []bool{false, true} {
			t.Run(name+"/"+strconv.FormatBool(strict), func(t *testing.T) {
				t.Parallel()
				s := newServer(t, withCache(core.CompactCache), func(_ *server, o *ostiary.Options) { o.Session.CookieCache.Strict = strict })
				a, b := s.devices("ada@example.com")
				revoke(a, b).ok(t)
				if got := b.session() != nil; got == strict {
					t.Errorf("the session is served: %v; strict: %v", got, strict)
				}
				if name != "sign-out" && a.session() == nil {
					t.Error("the other session has ended too")
				}
			})
		}
	}
}

func TestAnUpdateTakesTheUserFromTheStore(t *testing.T) {
	t.Parallel()
	s := newServer(t, withPreferences, withCache(core.CompactCache))
	c := s.signUp("ada@example.com")
	// Another process changes the user: this one is not told.
	change := s.Kernel().Users.Table().NewRow().Set("name", "New Name")
	if _, err := s.Kernel().DB.Update(t.Context(), change, database.Eq("email", "ada@example.com")); err != nil {
		t.Fatal(err)
	}
	if got := c.session().User.Name; got != "Somebody" {
		t.Fatalf("the cache is not used: %s", got)
	}
	c.post("/update-session", fields{"level": 2}).ok(t)
	if got := c.session().User.Name; got != "New Name" {
		t.Errorf("the update prolongs the stale user %q", got)
	}
}

func TestSessionsInCookiesOnlyCanBeUpdated(t *testing.T) {
	t.Parallel()
	withoutStore := func(_ *server, o *ostiary.Options) { o.Database = nil }
	s := newServer(t, withPreferences, withoutStore)
	c := s.signUp("ada@example.com")
	restarted := newServer(t, withPreferences, withoutStore)
	moved := restarted.client()
	for _, k := range c.cookies() {
		moved.setCookie(k.Name, k.Value)
	}
	if _, err := moved.patch(ostiary.Patch{"level": 7}); err != nil {
		t.Fatal(err)
	}
	if got := moved.fields()["level"]; got != 7.0 {
		t.Errorf("level is %v", got)
	}
}

func TestTheRawPatchIsWhatTheClientSent(t *testing.T) {
	t.Parallel()
	callbacks := core.SessionCallbacks{Token: func(_ context.Context, e *core.SessionEvent) error {
		var sent struct{ Refresh bool }
		if e.Raw != nil && json.Unmarshal(e.Raw, &sent) == nil && sent.Refresh {
			e.Fields["tenant"] = "refreshed"
		}
		return nil
	}}
	s := newServer(t, withPreferences, withCallbacks(callbacks))
	c := s.signUp("ada@example.com")
	c.post("/update-session", fields{"refresh": true}).ok(t)
	if got := s.storedPreferences().Tenant; got == nil || *got != "refreshed" {
		t.Errorf("tenant is %v", got)
	}
	answer := c.post("/update-session", fields{"refresh": false})
	if answer.status != 400 || answer.body != `{"message":"No fields to update"}` {
		t.Errorf("answer is %v", answer)
	}
}

// Whatever a client sends, it is refused or sets fields that are open to it.
func FuzzUpdateSession(f *testing.F) {
	for _, body := range []string{
		`{"theme":"dark"}`, `{"level":1e999}`, `{"level":-0.5,"tags":["a",1]}`, `{"tags":"[\"a\"]"}`, `{"tenant":0,"note":false}`,
		`{"token":"x","userId":"y","__proto__":{}}`, `{"theme":null,"level":null}`, `[[[]]]`, `{"a":{"b":{"c":[{}]}}}`, "\xff", `{"locale":"\ud800"}`, ``,
	} {
		f.Add([]byte(body))
	}
	s := newServer(f, withPreferences)
	c := s.signUp("ada@example.com")
	before := s.rows(schema.SessionKey)[0]
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &server{Auth: s.Auth, t: t}
		answer := c.do(c.request(http.MethodPost, "/update-session", body))
		if answer.status >= 500 {
			t.Fatalf("answer is %v", answer)
		}
		after := s.rows(schema.SessionKey)[0]
		for _, name := range []string{"id", "token", "userId", "createdAt", "expiresAt", "tenant", "note"} {
			if !cmp.Equal(before.Get(name), after.Get(name)) {
				t.Errorf("%s was %v and is %v", name, before.Get(name), after.Get(name))
			}
		}
		if theme := after.Get("theme"); theme != "light" && theme != "dark" {
			t.Errorf("theme is %v", theme)
		}
		if _, ok := after.Get("level").(string); ok || after.Get("level") == nil {
			t.Errorf("level is %v", after.Get("level"))
		}
	})
}

func BenchmarkUpdateSession(b *testing.B) {
	s := newServer(b, withPreferences, withCache(core.CompactCache))
	c := s.signUp("ada@example.com")
	r := c.appRequest()
	b.ReportAllocs()
	for b.Loop() {
		s.clock.Advance(time.Millisecond)
		if _, err := s.UpdateSession(httptest.NewRecorder(), r, ostiary.Patch{"level": 2}); err != nil {
			b.Fatal(err)
		}
	}
}
