package onetap_test

import (
	"net/http"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/onetap"
	"github.com/ostiary/ostiary/providers/google"
)

type object = map[string]any

// site is a server with the plugin, and the internet in which Google is.
type site struct {
	*plugintest.Server
	net *plugintest.Internet
}

func newSite(t *testing.T, options onetap.Options, provider *google.Options, configure ...func(o *ostiary.Options)) *site {
	t.Helper()
	s := &site{}
	s.Server = plugintest.New(t, func(o *ostiary.Options) {
		s.net = plugintest.NewInternet(t, o.Advanced.Now)
		s.net.Handle("GET www.googleapis.com/oauth2/v3/certs", func(plugintest.Request) (int, any) { return http.StatusOK, plugintest.KeySet() })
		o.Advanced.HTTPClient = s.net.Client()
		o.Plugins = []core.Plugin{onetap.New(options)}
		if provider != nil {
			o.SocialProviders = []social.Provider{google.New(*provider)}
		}
		for _, change := range configure {
			change(o)
		}
	})
	return s
}

// claims are those of a good token for "client" with changes; nil removes.
func (s *site) claims(changes object) object {
	claims := s.net.Claims("client", object{
		"iss": "https://accounts.google.com", "sub": "g-1", "name": "Ann", "email": "Ann@Example.com", "email_verified": true,
	})
	for name, value := range changes {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
	return claims
}

func (s *site) post(t *testing.T, b *plugintest.Browser, changes object) *plugintest.Response {
	t.Helper()
	return b.Post("/one-tap/callback", object{"idToken": plugintest.Sign(t, s.claims(changes))})
}

var clients = onetap.Options{ClientIDs: []string{"client", "other"}}

func TestCallback_signs_in(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*site{
		"with client ids":     newSite(t, clients, nil),
		"with the provider's": newSite(t, onetap.Options{}, &google.Options{ClientID: "web", ClientSecret: "s", Settings: social.Settings{MoreClientIDs: []string{"client"}}}),
	} {
		b := s.Browser(t)
		r := s.post(t, b, nil)
		var out struct {
			Token string
			User  struct {
				Email         string
				EmailVerified bool
			}
		}
		r.Decode(&out)
		if r.Status != http.StatusOK || out.Token == "" || out.User.Email != "ann@example.com" || !out.User.EmailVerified || b.Email() != "ann@example.com" {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
		account, err := s.Auth.Kernel().Accounts.ByKey(t.Context(), "google", "g-1")
		if err != nil || account == nil || account.Scope == nil || *account.Scope != "openid,profile,email" {
			t.Errorf("%s: account %+v %v", name, account, err)
		}
		// The identity counts, not the address.
		if r := s.post(t, b, object{"email": "new@example.com"}); r.Status != http.StatusOK || b.Email() != "ann@example.com" {
			t.Errorf("%s: again: %d %s", name, r.Status, r.Text)
		}
	}
}

func TestCallback_refuses_tokens_that_are_not_good(t *testing.T) {
	t.Parallel()
	s := newSite(t, clients, nil)
	now := s.Clock.Now().Unix()
	for name, changes := range map[string]object{
		"another client": {"aud": "stranger"}, "no client": {"aud": nil}, "another issuer": {"iss": "https://evil.test"},
		"expired": {"exp": now - 60}, "no expiry": {"exp": nil}, "older than an hour": {"iat": now - 4000}, "from the future": {"iat": now + 600},
		"no subject": {"sub": nil}, "a word for nothing": {"sub": "null"},
	} {
		b := s.Browser(t)
		if r := s.post(t, b, changes); r.Status != http.StatusBadRequest || r.Text != `{"message":"invalid id token"}` || b.Email() != "" {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
	}
	for _, token := range []string{"", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."} {
		if r := s.Browser(t).Post("/one-tap/callback", object{"idToken": token}); r.Status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", token, r.Status, r.Text)
		}
	}
	if r := s.post(t, s.Browser(t), object{"email": nil}); r.Status != http.StatusBadRequest || r.Text != `{"message":"Email not available in token"}` {
		t.Errorf("no address: %d %s", r.Status, r.Text)
	}
}

func TestCallback_without_client_id(t *testing.T) {
	t.Parallel()
	s := newSite(t, onetap.Options{}, nil)
	if r := s.post(t, s.Browser(t), nil); r.Status != http.StatusBadRequest || r.Code() != "" {
		t.Errorf("answer %d %s", r.Status, r.Text)
	}
}

func TestCallback_keeps_to_the_hosted_domain_and_mapping_of_the_provider(t *testing.T) {
	t.Parallel()
	s := newSite(t, clients, &google.Options{ClientID: "client", ClientSecret: "s", HostedDomain: "acme.example", Settings: social.Settings{
		MapProfile: func(_ map[string]any, p *social.Profile) { p.Name = "Mapped" },
	}})
	if r := s.post(t, s.Browser(t), nil); r.Status != http.StatusBadRequest {
		t.Errorf("no domain: %d %s", r.Status, r.Text)
	}
	if r := s.post(t, s.Browser(t), object{"hd": "evil.example"}); r.Status != http.StatusBadRequest {
		t.Errorf("another domain: %d %s", r.Status, r.Text)
	}
	r := s.post(t, s.Browser(t), object{"hd": "acme.example"})
	var out struct{ User struct{ Name string } }
	r.Decode(&out)
	if r.Status != http.StatusOK || out.User.Name != "Mapped" {
		t.Errorf("answer %d %s", r.Status, r.Text)
	}
}

// Whoever the application lets a profile say, the signed subject is the identity.
func TestCallback_takes_the_identity_from_the_token_only(t *testing.T) {
	t.Parallel()
	raw := object{"sub": "somebody-else", "email": "victim@example.com", "email_verified": true}
	s := newSite(t, clients, nil, func(o *ostiary.Options) {
		o.SocialProviders = []social.Provider{fetching{google.New(google.Options{ClientID: "client", ClientSecret: "s"}), raw}}
	})
	if r := s.post(t, s.Browser(t), nil); r.Status != http.StatusBadRequest {
		t.Errorf("answer %d %s", r.Status, r.Text)
	}
}

// BA-14 (CVE-2026-53516): whoever signed up with the victim's address first kept
// the password.
func TestAdvisory_BA14_an_unproven_user_is_never_linked(t *testing.T) {
	t.Parallel()
	s := newSite(t, clients, nil)
	s.Browser(t).SignUp("ann@example.com")
	b := s.Browser(t)
	if r := s.post(t, b, nil); r.Status != http.StatusUnauthorized || r.Text != `{"message":"account not linked"}` || b.Email() != "" {
		t.Errorf("answer %d %s", r.Status, r.Text)
	}
}

func TestCallback_sign_up_rules(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*site{
		"the plugin's":   newSite(t, onetap.Options{ClientIDs: clients.ClientIDs, DisableSignUp: true}, nil),
		"the provider's": newSite(t, onetap.Options{}, &google.Options{ClientID: "client", ClientSecret: "s", Settings: social.Settings{DisableSignUp: true}}),
	} {
		if r := s.post(t, s.Browser(t), nil); r.Status != http.StatusUnauthorized || r.Text != `{"message":"signup disabled"}` {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
	}
	s := newSite(t, onetap.Options{}, &google.Options{ClientID: "client", ClientSecret: "s", Settings: social.Settings{RequireEmailVerification: true}})
	if r := s.post(t, s.Browser(t), object{"email_verified": "false"}); r.Status != http.StatusForbidden || r.Code() != "EMAIL_NOT_VERIFIED" {
		t.Errorf("unverified: %d %s", r.Status, r.Text)
	}
}

func TestCallback_checks_where_the_client_goes(t *testing.T) {
	t.Parallel()
	s := newSite(t, clients, nil)
	r := s.Browser(t).Post("/one-tap/callback", object{"idToken": plugintest.Sign(t, s.claims(nil)), "callbackURL": "https://evil.test/"})
	if r.Status != http.StatusForbidden || r.Code() != "INVALID_CALLBACK_URL" {
		t.Errorf("answer %d %s", r.Status, r.Text)
	}
}
