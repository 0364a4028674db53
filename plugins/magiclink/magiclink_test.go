package magiclink_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/magiclink"
	"github.com/ostiary/ostiary/schema"
)

// postbox keeps the mails of a server.
type postbox struct {
	mu    sync.Mutex
	mails []magiclink.Mail
}

func (p *postbox) send(_ context.Context, m magiclink.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, m)
	return nil
}

func (p *postbox) last(t *testing.T) magiclink.Mail {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.mails) == 0 {
		t.Fatal("no mail was sent")
	}
	return p.mails[len(p.mails)-1]
}

func start(t *testing.T, o magiclink.Options, configure ...func(*ostiary.Options)) (*plugintest.Server, *postbox) {
	t.Helper()
	post := &postbox{}
	if o.Send == nil {
		o.Send = post.send
	}
	s := plugintest.New(t, func(so *ostiary.Options) {
		so.Plugins = []core.Plugin{magiclink.New(o)}
		for _, fn := range configure {
			fn(so)
		}
	})
	return s, post
}

func ask(t *testing.T, b *plugintest.Browser, body map[string]any) {
	t.Helper()
	if r := b.Post("/sign-in/magic-link", body); r.Status != http.StatusOK || r.Text != `{"status":true}` {
		t.Fatalf("ask for a link: %d %s", r.Status, r.Text)
	}
}

func TestLinkSignsANewUserIn(t *testing.T) {
	t.Parallel()
	s, post := start(t, magiclink.Options{})
	b := s.Browser(t)
	ask(t, b, map[string]any{"email": "New@Example.com", "name": "New", "callbackURL": "/in", "newUserCallbackURL": "/new?a=b", "metadata": map[string]any{"theme": "dark"}})
	m := post.last(t)
	if diff := cmp.Diff(map[string]any{"theme": "dark"}, m.Metadata); diff != "" || m.Email != "New@Example.com" || m.ExpiresIn != 5*time.Minute {
		t.Errorf("mail %+v %s", m, diff)
	}
	r := b.Get(m.URL)
	if r.Status != http.StatusFound || r.Location().String() != plugintest.Origin+"/new?a=b" {
		t.Errorf("verify: %d to %v", r.Status, r.Location())
	}
	if got := b.Email(); got != "new@example.com" {
		t.Errorf("signed in as %q", got)
	}
	u, err := s.Auth.Kernel().Users.ByEmail(t.Context(), "new@example.com")
	if err != nil || !u.EmailVerified || u.Name != "New" {
		t.Errorf("user %+v, %v", u, err)
	}
}

func TestLinkWithoutPageAnswersWithTheSession(t *testing.T) {
	t.Parallel()
	s, post := start(t, magiclink.Options{})
	b := s.Browser(t)
	ask(t, b, map[string]any{"email": "a@example.com"})
	r := b.Get("/magic-link/verify?token=" + post.last(t).Token)
	var out magiclink.VerifyOutput
	r.Decode(&out)
	if r.Status != http.StatusOK || out.Token == "" || out.Token != out.Session.Token || out.User.Email != "a@example.com" {
		t.Errorf("verify: %d %s", r.Status, r.Text)
	}
}

func TestUselessLinkLeadsToTheErrorPage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, query, want string }{
		{"the error page of the link", "&callbackURL=/in&errorCallbackURL=/oops?x=1", "/oops?error=INVALID_TOKEN&x=1"},
		{"the page of the link", "&callbackURL=/in", "/in?error=INVALID_TOKEN"},
		{"the root", "", "/?error=INVALID_TOKEN"},
		{"in place of another error", "&callbackURL=" + url.QueryEscape("/in?error=fine#top"), "/in?error=INVALID_TOKEN#top"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, _ := start(t, magiclink.Options{})
			r := s.Browser(t).Get("/magic-link/verify?token=nothing" + c.query)
			if r.Status != http.StatusFound || r.Header.Get("Location") != plugintest.Origin+c.want {
				t.Errorf("%d to %q, want %q", r.Status, r.Header.Get("Location"), c.want)
			}
		})
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	t.Parallel()
	s, post := start(t, magiclink.Options{})
	b := s.Browser(t)
	for _, name := range []string{"callbackURL", "newUserCallbackURL", "errorCallbackURL"} {
		if r := b.Post("/sign-in/magic-link", map[string]any{"email": "a@example.com", name: "https://evil.example"}); r.Status != http.StatusForbidden {
			t.Errorf("ask with a foreign %s: %d %s", name, r.Status, r.Text)
		}
	}
	ask(t, b, map[string]any{"email": "a@example.com"})
	token := post.last(t).Token
	for _, name := range []string{"callbackURL", "newUserCallbackURL", "errorCallbackURL"} {
		for _, evil := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)"} {
			r := b.Get("/magic-link/verify?token=" + token + "&" + name + "=" + url.QueryEscape(evil))
			if r.Status != http.StatusForbidden || r.Code() != "INVALID_CALLBACK_URL" {
				t.Errorf("verify with %s %q: %d %s", name, evil, r.Status, r.Text)
			}
		}
	}
	if r := b.Get("/magic-link/verify?token=" + token); r.Status != http.StatusOK {
		t.Errorf("a refused page used the link up: %d %s", r.Status, r.Text)
	}
}

func TestLinkExpires(t *testing.T) {
	t.Parallel()
	s, post := start(t, magiclink.Options{ExpiresIn: time.Minute})
	b := s.Browser(t)
	ask(t, b, map[string]any{"email": "a@example.com"})
	s.Clock.Advance(time.Minute)
	if got := b.Get(post.last(t).URL).Location().Query().Get("error"); got != "INVALID_TOKEN" {
		t.Errorf("error %q", got)
	}
}

func TestTokensAreStoredHashed(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]magiclink.Options{
		"by SHA-256":       {HashTokens: true},
		"by one's own way": {HashToken: func(token string) string { return "x" + token[:8] }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, post := start(t, o)
			b := s.Browser(t)
			ask(t, b, map[string]any{"email": "a@example.com"})
			token := post.last(t).Token
			if found, err := s.Auth.Kernel().Verifications.Latest(t.Context(), "magic-link:"+token); err != nil || found != nil {
				t.Errorf("the token itself is stored: %v, %v", found, err)
			}
			if r := b.Get("/magic-link/verify?token=" + token); r.Status != http.StatusOK {
				t.Errorf("verify: %d %s", r.Status, r.Text)
			}
		})
	}
}

func TestSignUpCanBeDisabled(t *testing.T) {
	t.Parallel()
	s, post := start(t, magiclink.Options{DisableSignUp: true})
	b := s.Browser(t)
	ask(t, b, map[string]any{"email": "a@example.com"})
	if got := b.Get(post.last(t).URL).Location().Query().Get("error"); got != "new_user_signup_disabled" {
		t.Errorf("error %q", got)
	}
	s.Browser(t).SignUp("a@example.com")
	ask(t, b, map[string]any{"email": "a@example.com"})
	b.Get(post.last(t).URL)
	if b.Email() != "a@example.com" {
		t.Error("a user who exists was not signed in")
	}
}

func TestRefusedUserIsToldWhy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		configure func(o *ostiary.Options)
		want      url.Values
	}{
		{"by the application", func(o *ostiary.Options) {
			o.User.Validate = func(context.Context, core.User, core.Source) (*core.UserRefusal, error) {
				return &core.UserRefusal{Code: "not_you", Description: "Not you"}, nil
			}
		}, url.Values{"error": {"not_you"}, "error_description": {"Not you"}}},
		{"by a database hook", func(o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{{Model: "user", BeforeCreate: func(context.Context, schema.Row) error { return core.ErrAbort }}}
		}, url.Values{"error": {"failed_to_create_user"}}},
		{"by a database hook of sessions", func(o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{{Model: "session", BeforeCreate: func(context.Context, schema.Row) error { return core.ErrAbort }}}
		}, url.Values{"error": {"failed_to_create_session"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, post := start(t, magiclink.Options{}, c.configure)
			b := s.Browser(t)
			ask(t, b, map[string]any{"email": "a@example.com"})
			m := post.last(t)
			if diff := cmp.Diff(c.want, b.Get("/magic-link/verify?token="+m.Token).Location().Query()); diff != "" {
				t.Error(diff)
			}
			if got := b.Get("/magic-link/verify?token=" + m.Token).Location().Query().Get("error"); got != "INVALID_TOKEN" {
				t.Errorf("the link was good twice: %q", got)
			}
		})
	}
}

func TestFailedMailFailsTheRequest(t *testing.T) {
	t.Parallel()
	s, _ := start(t, magiclink.Options{Send: func(context.Context, magiclink.Mail) error { return errors.New("no mail today") }})
	if r := s.Browser(t).Post("/sign-in/magic-link", map[string]any{"email": "a@example.com"}); r.Status != http.StatusInternalServerError || strings.Contains(r.Text, "today") {
		t.Errorf("%d %s", r.Status, r.Text)
	}
}

func TestAskingIsLimited(t *testing.T) {
	t.Parallel()
	s, _ := start(t, magiclink.Options{}, func(o *ostiary.Options) { o.RateLimit.Enabled = new(true) })
	b := s.Browser(t)
	var got []int
	for range 6 {
		got = append(got, b.Post("/sign-in/magic-link", map[string]any{"email": "a@example.com"}).Status)
	}
	if diff := cmp.Diff([]int{200, 200, 200, 200, 200, 429}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMissingOptionsAreReported(t *testing.T) {
	t.Parallel()
	_, err := ostiary.New(ostiary.Options{Development: true, Plugins: []core.Plugin{magiclink.New(magiclink.Options{ExpiresIn: -1})}})
	if err == nil || !strings.Contains(err.Error(), "magiclink.Options.Send") || !strings.Contains(err.Error(), "magiclink.Options.ExpiresIn") {
		t.Errorf("error %v", err)
	}
}
