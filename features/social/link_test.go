package social_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/oauth"
)

func challenge(verifier string) string { return oauth.Challenge(verifier) }

func TestLink(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		linking core.LinkingOptions
		user    map[string]any
		want    string
	}{
		"same address":                     {user: ann(), want: "/linked"},
		"same address in capitals":         {user: with(ann(), "email", "ANN@EXAMPLE.COM"), want: "/linked"},
		"another address":                  {user: with(ann(), "email", "other@example.com"), want: "/oops?error=email_does_not_match"},
		"another address, allowed":         {core.LinkingOptions{AllowDifferentEmails: true}, with(ann(), "email", "other@example.com"), "/linked"},
		"no address":                       {user: with(ann(), "email", nil), want: "/oops?error=email_does_not_match"},
		"no address, allowed":              {core.LinkingOptions{AllowDifferentEmails: true}, with(ann(), "email", nil), "/linked"},
		"address not verified":             {user: with(ann(), "email_verified", false), want: "/oops?error=unable_to_link_account"},
		"not verified, trusted":            {core.LinkingOptions{TrustedProviders: []string{"acme"}}, with(ann(), "email_verified", false), "/linked"},
		"linking is off":                   {core.LinkingOptions{Disabled: true}, ann(), "/oops?error=unable_to_link_account"},
		"implicit linking is off":          {core.LinkingOptions{DisableImplicit: true}, ann(), "/linked"},
		"belongs to another user":          {user: with(ann(), "sub", "taken"), want: "/oops?error=account_already_linked_to_different_user"},
		"another user's, linking options":  {core.LinkingOptions{AllowDifferentEmails: true, TrustedProviders: []string{"acme"}}, with(ann(), "sub", "taken"), "/oops?error=account_already_linked_to_different_user"},
		"provider does not tell a subject": {user: with(ann(), "sub", ""), want: "/oops?error=unable_to_get_user_info"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(c *core.Config, _ *social.Options) { c.Account.Linking = test.linking })
			wantLocation(t, s.browser().via("acme", map[string]any{"sub": "taken", "email": "taken@example.com", "email_verified": true}), "/in")
			u := s.register("ann@example.com", false)
			wantLocation(t, s.signedIn(u).link("acme", test.user), test.want)
			if got, want := len(s.accounts(u.ID)) == 2, test.want == "/linked"; got != want {
				t.Errorf("linked: %t", got)
			}
		})
	}
}

func TestLink_needs_the_session_in_which_it_was_asked_for(t *testing.T) {
	t.Parallel()
	eachStateStrategy(t, func(t *testing.T, set setting) {
		for name, end := range map[string]func(s *site, b *browser, u *core.User) error{
			"signed out": func(s *site, b *browser, _ *core.User) error { b.post("/sign-out", object{}); return nil },
			"revoked":    func(s *site, _ *browser, u *core.User) error { return s.Sessions.DeleteOf(t.Context(), u.ID) },
		} {
			s := newSite(t, set)
			u := s.register("ann@example.com", true)
			b := s.signedIn(u)
			address := b.post("/link-social", object{"provider": "acme", "errorCallbackURL": "/oops"}).body["url"].(string)
			cookies := map[string]string{}
			for name, value := range b.cookies {
				cookies[name] = value
			}
			if err := end(s, b, u); err != nil {
				t.Fatal(err)
			}
			b.cookies = cookies // a thief kept them
			wantLocation(t, b.get(s.net.approve(address, ann())), "/oops?error=unable_to_link_account")
			if len(s.accounts(u.ID)) != 1 {
				t.Errorf("%s: linked all the same", name)
			}
		}
	})
}

func TestLink_expires_with_the_session(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *core.Config, _ *social.Options) { c.Session.ExpiresIn = 2 * time.Minute })
	u := s.register("ann@example.com", true)
	b := s.signedIn(u)
	address := b.post("/link-social", object{"provider": "acme", "errorCallbackURL": "/oops"}).body["url"].(string)
	s.clock.advance(3 * time.Minute)
	wantLocation(t, b.get(s.net.approve(address, ann())), "/oops?error=unable_to_link_account")
}

func TestLink_again_adds_scopes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u := s.register("ann@example.com", true)
	b := s.signedIn(u)
	wantLocation(t, b.link("acme", ann()), "/linked")
	change := s.Accounts.Table().NewRow().Set("scope", "b,c")
	if _, err := s.Accounts.Update(t.Context(), s.accounts(u.ID)[1].ID, change); err != nil {
		t.Fatal(err)
	}
	wantLocation(t, b.link("acme", ann()), "/linked")
	if got := *s.accounts(u.ID)[1].Scope; got != "b,c,a" {
		t.Errorf("scope %q", got)
	}
}

func TestLink_copies_the_profile_if_asked_to(t *testing.T) {
	t.Parallel()
	for _, copies := range []bool{false, true} {
		s := newSite(t, func(c *core.Config, _ *social.Options) { c.Account.Linking.UpdateUserInfoOnLink = copies })
		u := s.register("ann@example.com", false)
		wantLocation(t, s.signedIn(u).link("acme", ann()), "/linked")
		u = s.user("ann@example.com")
		if got := u.Name == "Ann" && u.Image != nil; got != copies || u.EmailVerified {
			t.Errorf("copied: %t, verified: %t", got, u.EmailVerified)
		}
	}
}

func TestLink_refuses_strangers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if a := s.browser().post("/link-social", object{"provider": "acme"}); a.status != http.StatusUnauthorized {
		t.Errorf("no session: %d", a.status)
	}
	if a := s.signedIn(s.register("a@example.com", true)).post("/link-social", object{"provider": "nobody"}); a.status != http.StatusNotFound {
		t.Errorf("unknown provider: %d", a.status)
	}
}

func TestLink_by_ID_token(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	wantLocation(t, s.browser().via("acme", map[string]any{"sub": "taken", "email": "taken@example.com", "email_verified": true}), "/in")
	u := s.register("ann@example.com", true)
	b := s.signedIn(u)
	for _, test := range []struct {
		name     string
		provider string
		claims   map[string]any
		status   int
		code     any
	}{
		{"bad audience", "acme", with(s.net.claims(ann()), "aud", "x"), 401, "INVALID_TOKEN"},
		{"no ID tokens", "plain", s.net.claims(ann()), 404, "ID_TOKEN_NOT_SUPPORTED"},
		{"unknown provider", "nobody", s.net.claims(ann()), 404, "PROVIDER_NOT_FOUND"},
		{"no address", "acme", s.net.claims(with(ann(), "email", nil)), 401, "USER_EMAIL_NOT_FOUND"},
		{"other address", "acme", s.net.claims(with(ann(), "email", "x@example.com")), 401, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED"},
		{"not verified", "acme", s.net.claims(with(ann(), "email_verified", false)), 401, "LINKING_NOT_ALLOWED"},
		{"somebody else's", "acme", s.net.claims(with(ann(), "sub", "taken")), 409, "SOCIAL_ACCOUNT_ALREADY_LINKED"},
		{"good", "acme", s.net.claims(ann()), 200, nil},
		{"again", "acme", s.net.claims(with(ann(), "email_verified", false)), 200, nil},
	} {
		a := b.post("/link-social", object{"provider": test.provider, "idToken": object{"token": signToken(t, test.claims), "refreshToken": "r"}})
		if a.status != test.status || a.body["code"] != test.code {
			t.Errorf("%s: %d %v", test.name, a.status, a.body)
		}
	}
	if accounts := s.accounts(u.ID); len(accounts) != 2 || *accounts[1].RefreshToken != "r" {
		t.Errorf("accounts: %+v", accounts)
	}
}

func TestLink_of_one_identity_to_several_users_at_once_gives_it_to_one_at_most(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *core.Config, _ *social.Options) { c.Account.Linking.AllowDifferentEmails = true })
	var users []*core.User
	var all sync.WaitGroup
	for i := range 10 {
		u := s.register(string(rune('a'+i))+"@example.com", true)
		users = append(users, u)
		b := s.signedIn(u)
		address := b.post("/link-social", object{"provider": "acme", "callbackURL": "/linked", "errorCallbackURL": "/oops"}).body["url"].(string)
		answer := s.net.approve(address, ann())
		all.Go(func() { b.get(answer) })
	}
	all.Wait()
	linked := 0
	for _, u := range users {
		linked += len(s.accounts(u.ID)) - 1
	}
	if linked > 1 {
		t.Errorf("%d users have the identity", linked)
	}
}
