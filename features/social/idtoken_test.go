package social_test

import (
	"testing"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

func TestSignIn_by_ID_token(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	send := func(claims map[string]any, more object) answer {
		token := object{"token": signToken(t, claims)}
		for name, value := range more {
			token[name] = value
		}
		return s.browser().post("/sign-in/social", object{"provider": "acme", "idToken": token})
	}
	for _, test := range []struct {
		name   string
		claims map[string]any
		more   object
		code   any
	}{
		{"good", s.net.claims(ann()), nil, nil},
		{"again", s.net.claims(ann()), nil, nil},
		{"nonce", with(s.net.claims(ann()), "nonce", "n"), object{"nonce": "n"}, nil},
		{"other nonce", with(s.net.claims(ann()), "nonce", "m"), object{"nonce": "n"}, "INVALID_TOKEN"},
		{"no nonce", s.net.claims(ann()), object{"nonce": "n"}, "INVALID_TOKEN"},
		{"other client", with(s.net.claims(ann()), "aud", "other"), nil, "INVALID_TOKEN"},
		{"no address", s.net.claims(with(ann(), "email", nil)), nil, "USER_EMAIL_NOT_FOUND"},
	} {
		a := send(test.claims, test.more)
		if a.body["code"] != test.code {
			t.Errorf("%s: %d %v", test.name, a.status, a.body)
		}
		if user, _ := a.body["user"].(object); test.code == nil && (a.status != 200 || user["email"] != "ann@example.com" || a.body["token"] == "" || a.body["redirect"] != false || a.body["url"] != nil) {
			t.Errorf("%s: %d %v", test.name, a.status, a.body)
		}
	}
	send(s.net.claims(ann()), object{"accessToken": "a", "refreshToken": "r", "expiresAt": 1.0})
	account := s.accounts(s.user("ann@example.com").ID)[0]
	if *account.AccessToken != "a" || account.RefreshToken != nil || !account.AccessTokenExpiresAt.IsZero() || account.IDToken == nil {
		t.Errorf("account: %+v", account)
	}
}

func TestSignIn_by_ID_token_where_it_is_not_possible(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(_ *core.Config, o *social.Options) {
		o.Providers = []social.Provider{acme(social.Settings{DisableIDTokenSignIn: true}), plain(social.Settings{})}
	})
	for _, provider := range []string{"acme", "plain"} {
		a := s.browser().post("/sign-in/social", object{"provider": provider, "idToken": object{"token": signToken(t, s.net.claims(ann()))}})
		if a.status != 404 || a.body["code"] != "ID_TOKEN_NOT_SUPPORTED" {
			t.Errorf("%s: %d %v", provider, a.status, a.body)
		}
	}
}

func TestSignIn_by_ID_token_follows_the_rules_of_the_provider(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings social.Settings
		user     map[string]any
		status   int
		message  string
	}{
		"no sign-up":   {social.Settings{DisableSignUp: true}, ann(), 401, "signup disabled"},
		"not verified": {social.Settings{RequireEmailVerification: true}, with(ann(), "email_verified", false), 403, "Email not verified"},
	} {
		s := newSite(t, func(_ *core.Config, o *social.Options) { o.Providers = []social.Provider{acme(test.settings)} })
		b := s.browser()
		a := b.post("/sign-in/social", object{"provider": "acme", "idToken": object{"token": signToken(t, s.net.claims(test.user))}})
		if a.status != test.status || a.body["message"] != test.message || b.who() != "" {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
}
