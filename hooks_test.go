package ostiary_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

// trace is a list that hooks append to.
type trace struct {
	mu    sync.Mutex
	lines []string
}

func (t *trace) add(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

func (t *trace) want(tb testing.TB, want ...string) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	if diff := cmp.Diff(want, t.lines); diff != "" {
		tb.Errorf("happened (-want +got):\n%s", diff)
	}
	t.lines = nil
}

// plugin is a plugin with whatever a test needs.
type plugin struct {
	id            string
	init          func(*core.Kernel) error
	hooks         []core.Hook
	databaseHooks []core.DatabaseHook
	endpoints     []core.Endpoint
	middleware    []core.Middleware
	limits        []core.RateLimitRule
	onRequest     func(*http.Request) (*http.Request, *core.Response, error)
	onResponse    func(*core.Response) (*core.Response, error)
	close         func() error
}

func (p *plugin) ID() string                         { return p.id }
func (p *plugin) Hooks() []core.Hook                 { return p.hooks }
func (p *plugin) DatabaseHooks() []core.DatabaseHook { return p.databaseHooks }
func (p *plugin) Endpoints() []core.Endpoint         { return p.endpoints }
func (p *plugin) Middleware() []core.Middleware      { return p.middleware }
func (p *plugin) RateLimits() []core.RateLimitRule   { return p.limits }
func (p *plugin) Init(k *core.Kernel) error {
	if p.init == nil {
		return nil
	}
	return p.init(k)
}

func (p *plugin) OnRequest(_ *core.Kernel, r *http.Request) (*http.Request, *core.Response, error) {
	if p.onRequest == nil {
		return nil, nil, nil
	}
	return p.onRequest(r)
}

func (p *plugin) OnResponse(_ *core.Kernel, _ *http.Request, response *core.Response) (*core.Response, error) {
	if p.onResponse == nil {
		return nil, nil
	}
	return p.onResponse(response)
}

func (p *plugin) Close(context.Context) error {
	if p.close == nil {
		return nil
	}
	return p.close()
}

func with(plugins ...core.Plugin) setting {
	return func(_ *server, o *ostiary.Options) { o.Plugins = append(o.Plugins, plugins...) }
}

func withHooks(list ...core.Hook) setting {
	return func(_ *server, o *ostiary.Options) { o.Hooks = append(o.Hooks, list...) }
}

// echoInput is the input of a route that answers with what it was given.
type echoInput struct {
	Fields map[string]any `json:"*"`
}

var (
	echo     = route.New[echoInput, map[string]any]("POST", "/echo", route.Spec{Name: "echo"})
	echoPath = route.New[struct {
		ID string `path:"id"`
		Q  string `query:"q,optional"`
	}, map[string]any]("GET", "/echo/:id", route.Spec{Name: "echoPath"})
)

// echoPlugin serves echo with a function.
func echoPlugin(fn func(c *core.Context, in echoInput) (map[string]any, error)) *plugin {
	if fn == nil {
		fn = func(_ *core.Context, in echoInput) (map[string]any, error) { return in.Fields, nil }
	}
	return &plugin{id: "echo", endpoints: []core.Endpoint{core.Handle(echo, fn)}}
}

func TestHooksRunInTheirOrder(t *testing.T) {
	t.Parallel()
	var log trace
	both := func(name string) core.Hook {
		return core.Hook{Before: func(*core.Context) error { log.add("before %s", name); return nil }, After: func(*core.Context) error { log.add("after %s", name); return nil }}
	}
	first, second := echoPlugin(func(*core.Context, echoInput) (map[string]any, error) { log.add("endpoint"); return nil, nil }), &plugin{id: "second", hooks: []core.Hook{both("second")}}
	first.hooks = []core.Hook{both("first a"), both("first b")}
	s := newServer(t, with(first, second), withHooks(both("application")))
	s.client().post("/echo", fields{}).ok(t)
	log.want(t, "before application", "before first a", "before first b", "before second", "endpoint", "after application", "after first a", "after first b", "after second")
	if _, err := ostiary.Invoke(t.Context(), s.Auth, echo, echoInput{}); err != nil {
		t.Fatal(err)
	}
	log.want(t, "before application", "before first a", "before first b", "before second", "endpoint", "after application", "after first a", "after first b", "after second")
}

func TestBeforeHooksSeeWhatWasReceivedAndTheirChangesMerge(t *testing.T) {
	t.Parallel()
	var seen []any
	change := func(body map[string]any) core.Hook {
		return hooks.BeforeAll(func(c *core.Context) error {
			seen = append(seen, c.Body)
			c.Change(core.Change{Body: body})
			return nil
		})
	}
	s := newServer(t, with(echoPlugin(nil)), withHooks(
		change(fields{"a": "first", "list": []any{"x"}, "deep": fields{"one": 1.0}, "null": nil}),
		change(fields{"a": "second", "deep": fields{"two": 2.0}}),
	))
	var got fields
	received := fields{"a": "given", "b": "kept", "list": []any{"1", "2", "3"}, "deep": fields{"zero": 0.0, "one": 0.0}, "null": "stays"}
	s.client().post("/echo", received).ok(t).decode(t, &got)
	want := fields{"a": "second", "b": "kept", "list": []any{"x"}, "deep": fields{"zero": 0.0, "one": 1.0, "two": 2.0}, "null": "stays"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the endpoint saw (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{received, received}, seen); diff != "" {
		t.Errorf("the hooks saw (-want +got):\n%s", diff)
	}
}

func TestChangesReachQueryHeadersAndParameters(t *testing.T) {
	t.Parallel()
	p := &plugin{id: "echo", endpoints: []core.Endpoint{core.Handle(echoPath, func(c *core.Context, in struct {
		ID string `path:"id"`
		Q  string `query:"q,optional"`
	},
	) (map[string]any, error) {
		return map[string]any{"id": in.ID, "q": in.Q, "header": c.Header.Get("X-Changed"), "kept": c.Header.Get("X-Kept"), "path": c.Path}, nil
	})}}
	s := newServer(t, with(p), withHooks(hooks.BeforeAll(func(c *core.Context) error {
		if c.Path != "/echo/:id" {
			t.Errorf("the hook sees the path %q", c.Path)
		}
		c.Change(core.Change{Query: url.Values{"q": {"changed"}}, Header: http.Header{"x-changed": {"yes"}}, Params: map[string]string{"id": "other"}})
		return nil
	})))
	c := s.client()
	c.header.Set("X-Kept", "yes")
	var got fields
	c.get("/echo/original?q=given").ok(t).decode(t, &got)
	if diff := cmp.Diff(fields{"id": "other", "q": "changed", "header": "yes", "kept": "yes", "path": "/echo/:id"}, got); diff != "" {
		t.Errorf("the endpoint saw (-want +got):\n%s", diff)
	}
	newServer(t, with(echoPlugin(nil)), withHooks(hooks.BeforeAll(func(c *core.Context) error {
		c.Change(core.Change{Params: map[string]string{"id": "x"}})
		return nil
	}))).client().post("/echo", fields{}).ok(t) // a route without parameters
}

func TestABeforeHookThatAnswersSkipsEverythingElse(t *testing.T) {
	t.Parallel()
	var log trace
	s := newServer(t, with(echoPlugin(func(*core.Context, echoInput) (map[string]any, error) { log.add("endpoint"); return nil, nil })), withHooks(
		hooks.BeforeAll(func(c *core.Context) error {
			c.SetHeader("X-Early", "yes")
			return core.RespondStatus(202, fields{"early": true})
		}),
		hooks.BeforeAll(func(*core.Context) error { log.add("second"); return nil }),
		hooks.AfterAll(func(*core.Context) error { log.add("after"); return nil }),
	))
	r := s.client().post("/echo", fields{})
	if r.status != 202 || r.body != `{"early":true}` || r.header.Get("X-Early") != "yes" {
		t.Errorf("answered %v, %v", r, r.header)
	}
	log.want(t)
	result, err := ostiary.Invoke(t.Context(), s.Auth, echo, echoInput{})
	if err != nil || result.Value["early"] != true {
		t.Errorf("a call in-process returns %+v, %v", result, err)
	}
}

func TestABeforeHookThatRefusesLosesItsCookiesButARedirectKeepsThem(t *testing.T) {
	t.Parallel()
	refuse := func(err func(c *core.Context) error) *server {
		return newServer(t, with(echoPlugin(nil)), withHooks(hooks.BeforeAll(func(c *core.Context) error {
			if e := c.SetCookie(core.CookieDefinition{Name: "seen"}, "yes"); e != nil {
				return e
			}
			c.SetHeader("X-Seen", "yes")
			return err(c)
		}), hooks.AfterAll(func(*core.Context) error { t.Error("the after hook ran"); return nil })))
	}
	r := refuse(func(*core.Context) error { return core.FailWith(418, "TEAPOT", "Short and stout") }).client().post("/echo", fields{})
	if r.status != 418 || r.code() != "TEAPOT" || r.cookie("seen") != nil || r.header.Get("X-Seen") != "" {
		t.Errorf("answered %v, %v", r, r.header)
	}
	r = refuse(func(c *core.Context) error { return c.Redirect("/elsewhere") }).client().post("/echo", fields{})
	if r.status != 302 || r.header.Get("Location") != "/elsewhere" || r.cookie("seen") == nil || r.header.Get("X-Seen") != "yes" {
		t.Errorf("answered %v, %v", r, r.header)
	}
	s := refuse(func(*core.Context) error { return errors.New("canary: the database password is x") })
	r = s.client().post("/echo", fields{})
	if r.status != 500 || r.body != "" || !strings.Contains(s.logs.String(), "canary") {
		t.Errorf("answered %v; the log is %s", r, s.logs)
	}
	var failed *core.APIError
	if _, err := ostiary.Invoke(t.Context(), refuse(func(*core.Context) error { return core.FailWith(418, "TEAPOT", "No") }).Auth, echo, echoInput{}); !errors.As(err, &failed) || failed.Status != 418 {
		t.Errorf("a call in-process returns %v", err)
	}
}

func TestPanicsAnywhereBecomeErrorsOfTheServer(t *testing.T) {
	t.Parallel()
	boom := func(*core.Context) error { panic("boom-in-the-hook") }
	places := map[string]setting{
		"before hook": withHooks(hooks.BeforeAll(boom)),
		"after hook":  withHooks(hooks.AfterAll(boom)),
		"matcher":     withHooks(core.Hook{Match: func(*core.Context) bool { panic("boom-in-the-hook") }, Before: func(*core.Context) error { return nil }}),
		"middleware":  with(&plugin{id: "m", middleware: []core.Middleware{{Path: "/**", Run: boom}}}),
		"request":     with(&plugin{id: "m", onRequest: func(*http.Request) (*http.Request, *core.Response, error) { panic("boom-in-the-hook") }}),
		"response":    with(&plugin{id: "m", onResponse: func(*core.Response) (*core.Response, error) { panic("boom-in-the-hook") }}),
		"trusted origins": func(_ *server, o *ostiary.Options) {
			o.TrustedOriginsFunc = func(r *http.Request) []string { panic("boom-in-the-hook") }
		},
		"base URL": func(_ *server, o *ostiary.Options) {
			o.BaseURL = core.BaseURL{Func: func(*http.Request) (string, error) { panic("boom-in-the-hook") }}
		},
		"rate limit": func(_ *server, o *ostiary.Options) {
			o.RateLimit = core.RateLimitOptions{Enabled: new(true), Rules: []core.RateLimitRule{{Match: func(string) bool { panic("boom-in-the-hook") }, Window: 1, Max: 1}}}
		},
		"error function": func(_ *server, o *ostiary.Options) {
			o.OnError = func(error, *core.Context) { panic("boom-in-the-hook") }
			withHooks(hooks.BeforeAll(boom))(nil, o)
		},
	}
	for name, place := range places {
		s := newServer(t, with(echoPlugin(nil)), place)
		r := s.client().post("/echo", fields{})
		if r.status != 500 || r.body != "" {
			t.Errorf("%s: answered %v", name, r)
		}
		if !strings.Contains(s.logs.String(), "boom-in-the-hook") {
			t.Errorf("%s: nothing in the log", name)
		}
		s.client().get("/nothing") // the server is still there
	}
	s := newServer(t, with(echoPlugin(func(*core.Context, echoInput) (map[string]any, error) { panic(errors.New("boom")) })))
	if r := s.client().post("/echo", fields{}); r.status != 500 || r.body != "" {
		t.Errorf("endpoint: answered %v", r)
	}
	if _, err := ostiary.Invoke(t.Context(), s.Auth, echo, echoInput{}); !core.IsPanic(err) {
		t.Errorf("a call in-process returns %v", err)
	}
}

func TestAfterHooksSeeAndReplaceTheOutcome(t *testing.T) {
	t.Parallel()
	failing := echoPlugin(func(c *core.Context, _ echoInput) (map[string]any, error) {
		if err := c.SetCookie(core.CookieDefinition{Name: "endpoint"}, "1"); err != nil {
			return nil, err
		}
		return nil, core.FailWith(409, "CONFLICT", "No")
	})
	var returned any
	replace := hooks.AfterAll(func(c *core.Context) error {
		returned = c.Returned
		c.Replace(fields{"replaced": true})
		return c.SetCookie(core.CookieDefinition{Name: "hook"}, "2")
	})
	s := newServer(t, with(failing), withHooks(replace))
	r := s.client().post("/echo", fields{})
	if failed, ok := returned.(*core.APIError); !ok || failed.Code != "CONFLICT" {
		t.Errorf("the hook saw %v", returned)
	}
	if r.status != 409 || r.body != `{"replaced":true}` || r.cookie("endpoint") == nil || r.cookie("hook") == nil {
		t.Errorf("answered %v with %v", r, r.header["Set-Cookie"])
	}
	if result, err := ostiary.Invoke(t.Context(), s.Auth, echo, echoInput{}); err != nil || result.Value["replaced"] != true {
		t.Errorf("a call in-process returns %v, %v", result, err)
	}

	fail := hooks.AfterAll(func(*core.Context) error { return core.FailWith(418, "TEAPOT", "No") })
	for name, tt := range map[string]struct {
		hooks  []core.Hook
		status int
		body   string
	}{
		"null":                     {[]core.Hook{hooks.AfterAll(func(c *core.Context) error { c.Replace(nil); return nil })}, 200, "null"},
		"error":                    {[]core.Hook{fail}, 418, `{"message":"No","code":"TEAPOT"}`},
		"error, then value":        {[]core.Hook{fail, hooks.AfterAll(func(c *core.Context) error { c.Replace("text"); return nil })}, 200, "text"},
		"value, then error":        {[]core.Hook{hooks.AfterAll(func(c *core.Context) error { c.Replace(1); return nil }), fail}, 418, `{"message":"No","code":"TEAPOT"}`},
		"nothing":                  {[]core.Hook{hooks.AfterAll(func(*core.Context) error { return nil })}, 200, `{"a":1}`},
		"other error":              {[]core.Hook{hooks.AfterAll(func(*core.Context) error { return errors.New("disk") })}, 500, ""},
		"what cannot be written":   {[]core.Hook{hooks.AfterAll(func(c *core.Context) error { c.Replace(make(chan int)); return nil })}, 500, ""},
		"error after early status": {[]core.Hook{hooks.AfterAll(func(c *core.Context) error { c.SetStatus(201); return nil })}, 200, `{"a":1}`},
	} {
		s := newServer(t, with(echoPlugin(nil)), withHooks(tt.hooks...))
		if r := s.client().post("/echo", fields{"a": 1}); r.status != tt.status || r.body != tt.body {
			t.Errorf("%s: answered %v, want %d %s", name, r, tt.status, tt.body)
		}
	}
	created := echoPlugin(func(c *core.Context, _ echoInput) (map[string]any, error) { c.SetStatus(201); return fields{}, nil })
	if r := newServer(t, with(created), withHooks(fail)).client().post("/echo", fields{}); r.status != 201 || r.code() != "TEAPOT" {
		t.Errorf("an error after an explicit status is answered %v", r)
	}
}

func TestHeadersOfHooksAndEndpointsMerge(t *testing.T) {
	t.Parallel()
	s := newServer(t, with(echoPlugin(func(c *core.Context, _ echoInput) (map[string]any, error) {
		c.SetHeader("X-Who", "endpoint")
		c.ExposeHeader("X-Who, set-auth-token")
		return nil, nil
	})), withHooks(core.Hook{
		Before: func(c *core.Context) error { c.SetHeader("X-Who", "before"); c.ExposeHeader("x-who"); return nil },
		After: func(c *core.Context) error {
			if got := c.ResponseHeader().Get("X-Who"); got != "endpoint" {
				t.Errorf("the after hook sees %q", got)
			}
			c.SetHeader("X-Who", "after")
			c.SetHeader("Host", "evil.example")
			c.SetHeader("Content-Length", "1")
			c.ExposeHeader("X-Late")
			return nil
		},
	}))
	h := s.client().post("/echo", fields{}).ok(t).header
	if h.Get("X-Who") != "after" || h.Get("Access-Control-Expose-Headers") != "x-who, set-auth-token, X-Late" || h.Get("Host") != "" || h.Get("Content-Length") == "1" {
		t.Errorf("the headers are %v", h)
	}
}

func TestTypedHooksChangeAndRemoveWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	set := func(fn func(in *api.SignUpEmailInput)) setting {
		return func(_ *server, o *ostiary.Options) {
			o.User.Fields = []schema.Field{{Name: "plan", Optional: true}, {Name: "nick", Optional: true}, {Name: "about", Type: schema.JSON, Optional: true}}
			o.Hooks = hooks.Set{hooks.Before(api.SignUpEmail, func(_ *core.Context, in *api.SignUpEmailInput) error { fn(in); return nil })}
		}
	}
	given := fields{"name": "Given", "email": "ada@example.com", "password": goodPassword, "image": "https://example.com/i", "plan": "gold", "nick": "n", "about": fields{"a": 1, "b": 2}}
	for name, tt := range map[string]struct {
		change func(in *api.SignUpEmailInput)
		want   func(u *core.User) bool
	}{
		"a member": {func(in *api.SignUpEmailInput) { in.Name = "Changed" }, func(u *core.User) bool {
			return u.Name == "Changed" && *u.Image == "https://example.com/i" && u.Extra["plan"] == "gold"
		}},
		"a field in place":    {func(in *api.SignUpEmailInput) { in.Extra["plan"] = "free" }, func(u *core.User) bool { return u.Extra["plan"] == "free" && u.Extra["nick"] == "n" }},
		"a field that is new": {func(in *api.SignUpEmailInput) { delete(in.Extra, "plan"); in.Extra["nick"] = "m" }, func(u *core.User) bool { return u.Extra["plan"] == nil && u.Extra["nick"] == "m" }},
		"an optional member":  {func(in *api.SignUpEmailInput) { in.Image = nil }, func(u *core.User) bool { return u.Image == nil }},
		"all fields":          {func(in *api.SignUpEmailInput) { in.Extra = nil }, func(u *core.User) bool { return u.Extra["plan"] == nil && u.Extra["nick"] == nil }},
		"part of an object": {func(in *api.SignUpEmailInput) { in.Extra["about"] = map[string]any{"b": 3.0} }, func(u *core.User) bool {
			return !strings.Contains(fmt.Sprintf("%s", u.Extra["about"]), `"a"`)
		}},
		"nothing": {func(*api.SignUpEmailInput) {}, func(u *core.User) bool { return u.Name == "Given" && u.Extra["plan"] == "gold" }},
	} {
		s := newServer(t, onSQLite, set(tt.change))
		s.client().post("/sign-up/email", given).ok(t)
		if u := s.userByEmail("ada@example.com"); !tt.want(u) {
			t.Errorf("%s: stored is %+v", name, u)
		}
	}
}

func TestTypedHooksSeeTheOutputAndMayRefuse(t *testing.T) {
	t.Parallel()
	s := newServer(t, withHooks(
		hooks.Before(api.SignUpEmail, func(_ *core.Context, in *api.SignUpEmailInput) error {
			if !strings.HasSuffix(in.Email, "@example.com") {
				return core.FailWith(http.StatusBadRequest, "DOMAIN_NOT_ALLOWED", "Only example.com addresses may sign up")
			}
			return nil
		}),
		hooks.After(api.SignUpEmail, func(c *core.Context, out *api.SignUpEmailOutput) error {
			if c.NewSession == nil || c.NewSession.User.Email != out.User.Email {
				t.Errorf("the new session is %+v", c.NewSession)
			}
			out.User.Name = "Seen"
			return nil
		}),
		hooks.After(api.SignInEmail, func(*core.Context, *api.SignInEmailOutput) error { t.Error("the hook ran for a failure"); return nil }),
	))
	c := s.client()
	for _, body := range []string{`{"name":"x","email":"x@other.example","password":"` + goodPassword + `"}`, `{}`, `{"email":5}`} {
		if r := c.do(c.request(http.MethodPost, "/sign-up/email", []byte(body))); r.status != http.StatusBadRequest {
			t.Errorf("%s answers %v", body, r)
		}
	}
	s.wantRows(0, 0, 0)
	var out api.SignUpEmailOutput
	c.post("/sign-up/email", fields{"name": "x", "email": "x@example.com", "password": goodPassword}).ok(t).decode(t, &out)
	if out.User.Name != "Seen" || s.userByEmail("x@example.com").Name != "x" {
		t.Errorf("the output is %+v", out)
	}
	c.signIn("x@example.com", "a wrong password").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
}

func TestCallsInProcessHaveHooksAndGatesButNoLimitsOrOriginCheck(t *testing.T) {
	t.Parallel()
	runs := 0
	s := newServer(t, withLimits, withHooks(hooks.Before(api.SignInEmail, func(*core.Context, *api.SignInEmailInput) error { runs++; return nil })),
		with(&plugin{id: "m", middleware: []core.Middleware{{Path: "/sign-in/**", Run: func(*core.Context) error { return core.FailEmpty(418) }}}}))
	s.withPassword("ada@example.com")
	ctx := t.Context()
	for range 20 {
		result, err := ostiary.Invoke(ctx, s.Auth, api.SignInEmail, api.SignInEmailInput{Email: "ada@example.com", Password: goodPassword, CallbackURL: "https://elsewhere.example"}, ostiary.WithHeader(http.Header{"Cookie": {"a=b"}, "Origin": {"https://evil.example"}}))
		if err != nil || result.Status != 200 || len(result.Header["Set-Cookie"]) != 1 || result.Header.Get("Location") != "https://elsewhere.example" {
			t.Fatalf("a call in-process returns %+v, %v", result, err)
		}
	}
	if runs != 20 {
		t.Errorf("the hook ran %d times", runs)
	}
	var failed *core.APIError
	if _, err := s.API.ListSessions(ctx); !errors.As(err, &failed) || failed.Status != 401 {
		t.Errorf("without session ListSessions returns %v", err)
	}
	if _, err := s.API.SignInEmail(ctx, api.SignInEmailInput{Email: "no address"}); !errors.As(err, &failed) || failed.Code != "INVALID_EMAIL" {
		t.Errorf("a bad input returns %v", err)
	}
	if _, err := s.API.SignUpEmail(ctx, api.SignUpEmailInput{Email: "no address"}); !errors.As(err, &failed) || failed.Code != "VALIDATION_ERROR" {
		t.Errorf("a bad input returns %v", err)
	}
	s.client().signIn("ada@example.com", goodPassword).want(t, 418, "")
}

func TestDatabaseHooksRunPluginsFirstAndAccumulateOnCreateOnly(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		var log trace
		hook := func(name string) core.DatabaseHook {
			return core.DatabaseHook{
				Model: schema.UserKey,
				BeforeCreate: func(ctx context.Context, row schema.Row) error {
					log.add("%s before create, name %s, in a call %v", name, row.Get("name"), core.FromContext(ctx) != nil)
					row.Set("name", row.Get("name").(string)+"+"+name)
					return nil
				},
				AfterCreate: func(_ context.Context, row schema.Row) error {
					log.add("%s after create, name %s", name, row.Get("name"))
					return nil
				},
				BeforeUpdate: func(_ context.Context, change schema.Row) error {
					log.add("%s before update, name %s", name, change.Get("name"))
					change.Set("name", change.Get("name").(string)+"*"+name)
					return nil
				},
				AfterUpdate: func(_ context.Context, row *schema.Row) error {
					log.add("%s after update, name %s", name, row.Get("name"))
					return nil
				},
				BeforeDelete: func(_ context.Context, row schema.Row) error {
					log.add("%s before delete, name %s", name, row.Get("name"))
					return nil
				},
				AfterDelete: func(_ context.Context, row schema.Row) error {
					log.add("%s after delete, name %s", name, row.Get("name"))
					return nil
				},
			}
		}
		s := newServer(t, store, with(&plugin{id: "p", databaseHooks: []core.DatabaseHook{hook("plugin")}}), func(_ *server, o *ostiary.Options) { o.DatabaseHooks = []core.DatabaseHook{hook("app")} })
		c := s.client()
		c.post("/sign-up/email", fields{"name": "A", "email": "ada@example.com", "password": goodPassword}).ok(t)
		log.want(t, "plugin before create, name A, in a call true", "app before create, name A+plugin, in a call true", "plugin after create, name A+plugin+app", "app after create, name A+plugin+app")
		c.post("/update-user", fields{"name": "B"}).ok(t)
		log.want(t, "plugin before update, name B", "app before update, name B", "plugin after update, name B*app", "app after update, name B*app")
		c.post("/delete-user", fields{}).ok(t)
		log.want(t, "plugin before delete, name B*app", "app before delete, name B*app", "plugin after delete, name B*app", "app after delete, name B*app")
		row := s.Kernel().Users.Table().NewRow().Set("name", "C").Set("email", "c@example.com")
		if _, err := s.Kernel().Users.Create(context.Background(), row, core.Source{}); err != nil {
			t.Fatal(err)
		}
		log.want(t, "plugin before create, name C, in a call false", "app before create, name C+plugin, in a call false", "plugin after create, name C+plugin+app", "app after create, name C+plugin+app")
	})
}

func TestAfterHooksOfTheDatabaseWaitForTheCommit(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		var log trace
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{
				{Model: schema.UserKey, AfterCreate: func(context.Context, schema.Row) error { log.add("user"); return nil }},
				{Model: schema.AccountKey, AfterCreate: func(context.Context, schema.Row) error { log.add("account"); return nil }},
				{Model: schema.SessionKey, BeforeCreate: func(_ context.Context, row schema.Row) error {
					log.add("before session")
					if row.Get("userAgent") == "refused" {
						return core.ErrAbort
					}
					return nil
				}},
			}
		})
		c := s.client()
		c.post("/sign-up/email", fields{"name": "A", "email": "ada@example.com", "password": goodPassword}).ok(t)
		log.want(t, "before session", "user", "account")
		c.header.Set("User-Agent", "refused")
		c.post("/sign-up/email", fields{"name": "A", "email": "eve@example.com", "password": goodPassword}).want(t, 400, "FAILED_TO_CREATE_SESSION")
		log.want(t, "before session")
		s.wantRows(1, 1, 1)
		c.signIn("ada@example.com", goodPassword).want(t, 401, "FAILED_TO_CREATE_SESSION")
		s.wantRows(1, 1, 1)
	})
}

func TestOneVetoKeepsAWholeBulkDeletion(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		kept, deleted := "", 0
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{{
				Model: schema.SessionKey,
				BeforeDelete: func(_ context.Context, row schema.Row) error {
					if row.StringAt(schema.SessionToken) == kept {
						return core.ErrAbort
					}
					return nil
				},
				AfterDelete: func(context.Context, schema.Row) error { deleted++; return nil },
			}}
		})
		c := s.signUp("ada@example.com")
		for range 3 {
			s.client().signIn("ada@example.com", goodPassword).ok(t)
		}
		for _, row := range s.rows(schema.SessionKey) {
			if token := row.StringAt(schema.SessionToken); token != c.session().Session.Token {
				kept = token
			}
		}
		c.post("/revoke-other-sessions", nil).ok(t)
		if deleted != 0 {
			t.Errorf("%d sessions were deleted", deleted)
		}
		s.wantRows(1, 4, 1)
		kept = ""
		c.post("/revoke-other-sessions", nil).ok(t)
		if deleted != 3 {
			t.Errorf("%d sessions were deleted, want 3", deleted)
		}
	})
}

func TestAVetoedPasswordChangeNeverMakesASecondPassword(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{{Model: schema.AccountKey, BeforeUpdate: func(context.Context, schema.Row) error { return core.ErrAbort }}}
		})
		c := s.signUp("ada@example.com")
		c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
		token := s.mails.last(t, "reset").token
		r := s.client().post("/reset-password", fields{"token": token, "newPassword": "another good one"})
		if r.status < 400 || r.status >= 500 {
			t.Errorf("a reset that was vetoed answers %v", r)
		}
		s.wantRows(1, 1, 1)
		s.client().signIn("ada@example.com", goodPassword).ok(t)
	})
}

func TestPluginsSeeRequestsAndResponses(t *testing.T) {
	t.Parallel()
	var log trace
	first := &plugin{id: "first", onRequest: func(r *http.Request) (*http.Request, *core.Response, error) {
		log.add("first %s", r.URL.Path)
		switch r.URL.Query().Get("do") {
		case "respond":
			return nil, &core.Response{Status: 202, Header: http.Header{"X-By": {"first"}}, Body: []byte("early")}, nil
		case "replace":
			other := r.Clone(r.Context())
			other.URL.Path, other.URL.RawPath = basePath+"/ok", ""
			return other, nil, nil
		case "fail":
			return nil, nil, core.FailWith(418, "TEAPOT", "No")
		}
		return nil, nil, nil
	}, onResponse: func(r *core.Response) (*core.Response, error) {
		log.add("first response %d", r.Status)
		if r.Status == 404 {
			return &core.Response{Status: 410, Header: http.Header{}, Body: []byte("gone")}, nil
		}
		return nil, nil
	}}
	second := &plugin{
		id: "second", onRequest: func(r *http.Request) (*http.Request, *core.Response, error) {
			log.add("second %s", r.URL.Path)
			return nil, nil, nil
		},
		onResponse: func(r *core.Response) (*core.Response, error) {
			log.add("second response %d", r.Status)
			return nil, nil
		},
	}
	s := newServer(t, with(first, second), func(_ *server, o *ostiary.Options) { o.Advanced.DisabledPaths = []string{"/error"} })
	c := s.client()
	if r := c.get("/get-session?do=respond"); r.status != 202 || r.body != "early" || r.header.Get("X-By") != "first" {
		t.Errorf("answered %v", r)
	}
	log.want(t, "first /api/auth/get-session")
	if r := c.get("/nothing?do=replace"); r.status != 200 || r.body != `{"ok":true}` {
		t.Errorf("answered %v", r)
	}
	log.want(t, "first /api/auth/nothing", "second /api/auth/ok", "first response 200", "second response 200")
	if r := c.get("/nothing"); r.status != 410 || r.body != "gone" {
		t.Errorf("answered %v", r)
	}
	log.want(t, "first /api/auth/nothing", "second /api/auth/nothing", "first response 404")
	c.get("/ok?do=fail").want(t, 418, "TEAPOT")
	log.want(t, "first /api/auth/ok")
	if r := c.get("/error"); r.status != 404 || r.body != "Not Found" {
		t.Errorf("a disabled path answers %v", r)
	}
	log.want(t)
}

func TestAReplacedRequestCannotReachADisabledPath(t *testing.T) {
	t.Parallel()
	s := newServer(t, with(&plugin{id: "p", onRequest: func(r *http.Request) (*http.Request, *core.Response, error) {
		other := r.Clone(r.Context())
		other.URL.Path, other.URL.RawPath = basePath+"/ok", ""
		return other, nil, nil
	}}), func(_ *server, o *ostiary.Options) { o.Advanced.DisabledPaths = []string{"/ok"} })
	if r := s.client().get("/x"); r.status != 404 {
		t.Errorf("answered %v", r)
	}
}

func TestMiddlewareRunsWhereItsPathSays(t *testing.T) {
	t.Parallel()
	ran := 0
	count := func(*core.Context) error { ran++; return nil }
	for pattern, paths := range map[string]map[string]bool{
		"/**":         {"/ok": true, "/sign-in/email": true},
		"/sign-in/**": {"/sign-in/email": true, "/sign-out": false, "/ok": false},
		"/sign/**":    {"/sign-in/email": false, "/sign-up/email": false, "/sign-out": false},
		"/sign-in/*":  {"/sign-in/email": true, "/sign-out": false},
		"/sign*":      {"/sign-out": true, "/sign-in/email": false},
		"/ok":         {"/ok": true, "/error": false},
	} {
		s := newServer(t, with(&plugin{id: "p", middleware: []core.Middleware{{Path: pattern, Run: count}}}))
		for path, want := range paths {
			ran = 0
			method := http.MethodPost
			if path == "/ok" || path == "/error" {
				method = http.MethodGet
			}
			s.client().do(s.client().request(method, path, nil))
			if (ran == 1) != want {
				t.Errorf("%s on %s ran %d times, want %v", pattern, path, ran, want)
			}
		}
	}
}

func TestPluginsLimitTheirOwnPaths(t *testing.T) {
	t.Parallel()
	p := echoPlugin(nil)
	p.limits = []core.RateLimitRule{{Path: "/echo", Window: 1 << 40, Max: 2}}
	s := newServer(t, withLimits, with(p))
	for i := range 4 {
		if r := s.client().post("/echo", fields{}); (r.status == 429) != (i >= 2) {
			t.Errorf("request %d answers %v", i+1, r)
		}
	}
}

func TestPluginsStopInReverseOrderAndTheDatabaseLast(t *testing.T) {
	t.Parallel()
	var log trace
	stop := func(id string, err error) core.Plugin {
		return &plugin{id: id, close: func() error { log.add("%s", id); return err }}
	}
	s := &server{t: t, clock: newClock(), mails: &outbox{}, hasher: &hasher{}, logs: &logBuffer{}}
	o := s.options()
	o.Plugins = []core.Plugin{stop("first", nil), stop("second", errors.New("second is stuck")), stop("third", nil)}
	o.Database = closing{o.Database, &log}
	auth, err := ostiary.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "second is stuck") {
		t.Errorf("Close returns %v", err)
	}
	log.want(t, "third", "second", "first", "database")
}

type closing struct {
	database.Adapter
	log *trace
}

func (c closing) Close() error { c.log.add("database"); return c.Adapter.Close() }

func TestTwoPluginsCannotServeOnePath(t *testing.T) {
	t.Parallel()
	mine := route.New[route.None, map[string]any]("GET", "/ok", route.Spec{Name: "myOK"})
	text := problems(t, func(o *ostiary.Options) {
		o.Plugins = []core.Plugin{&plugin{id: "p", endpoints: []core.Endpoint{core.Handle(mine, func(*core.Context, route.None) (map[string]any, error) { return nil, nil })}}}
	})
	if !strings.Contains(text, "/ok") || !strings.Contains(text, "p") {
		t.Errorf("New says %q", text)
	}
}

func TestHooksOfOneRouteLeaveOthersAlone(t *testing.T) {
	t.Parallel()
	var paths []string
	s := newServer(t, withHooks(hooks.BeforeMatching(core.ForRoute(api.OK), func(c *core.Context) error { paths = append(paths, c.Path); return nil }),
		hooks.AfterMatching(func(c *core.Context) bool { return strings.HasPrefix(c.Path, "/sign-up") }, func(c *core.Context) error { paths = append(paths, "after "+c.Path); return nil })))
	s.client().get("/ok")
	s.client().get("/get-session")
	s.signUp("ada@example.com")
	if !slices.Equal(paths, []string{"/ok", "after /sign-up/email"}) {
		t.Errorf("the hooks ran for %v", paths)
	}
}
