package social_test

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

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/schema"
)

func TestSignIn_makes_one_user_of_one_identity(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"acme", "plain"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := s.browser()
			wantLocation(t, b.via(provider, ann()), "/in")
			if got := b.who(); got != "ann@example.com" {
				t.Errorf("signed in as %q", got)
			}
			first := s.user("ann@example.com")
			again := s.browser()
			wantLocation(t, again.via(provider, with(ann(), "email", "other@example.com", "name", "Other")), "/in")
			if got := again.who(); got != "ann@example.com" {
				t.Errorf("the identity is that of %q", got)
			}
			accounts := s.accounts(first.ID)
			if len(accounts) != 1 || accounts[0].AccountID != "ann-1" || *accounts[0].Scope != "a,b" {
				t.Errorf("accounts: %+v", accounts)
			}
			if *first.Image != "https://img.test/ann.png" || first.Name != "Ann" || !first.EmailVerified {
				t.Errorf("user: %+v", first)
			}
		})
	}
}

func TestSignIn_leads_new_users_where_the_client_says(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, want := range []string{"/new", "/in"} {
		b := s.browser()
		wantLocation(t, b.get(s.net.approve(b.start("acme", object{"newUserCallbackURL": "/new"}), ann())), want)
	}
}

// Two windows, one identity that is new: both are signed in, as the same user.
func TestSignIn_for_the_first_time_in_several_windows_makes_one_user(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var browsers []*browser
	var addresses []string
	for range 20 {
		b := s.browser()
		browsers = append(browsers, b)
		addresses = append(addresses, s.net.approve(b.start("acme", nil), ann()))
	}
	var all sync.WaitGroup
	for i, b := range browsers {
		all.Go(func() { wantLocation(t, b.get(addresses[i]), "/in") })
	}
	all.Wait()
	for _, b := range browsers {
		if got := b.who(); got != "ann@example.com" {
			t.Errorf("signed in as %q", got)
		}
	}
	if accounts := s.accounts(s.user("ann@example.com").ID); len(accounts) != 1 {
		t.Errorf("%d accounts, want 1", len(accounts))
	}
}

func TestSignIn_refuses_sign_up(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, test := range map[string]struct {
		settings social.Settings
		request  *bool
		want     string
	}{
		"when it is off":                {social.Settings{DisableSignUp: true}, &yes, "/oops?error=signup_disabled"},
		"when it was not asked for":     {social.Settings{DisableImplicitSignUp: true}, nil, "/oops?error=signup_disabled"},
		"when it was expressly not":     {social.Settings{DisableImplicitSignUp: true}, &no, "/oops?error=signup_disabled"},
		"but not when it was asked for": {social.Settings{DisableImplicitSignUp: true}, &yes, "/in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(_ *core.Config, o *social.Options) { o.Providers = []social.Provider{acme(test.settings)} })
			b := s.browser()
			more := object{}
			if test.request != nil {
				more["requestSignUp"] = *test.request
			}
			wantLocation(t, b.get(s.net.approve(b.start("acme", more), ann())), test.want)
		})
	}
}

func TestSignIn_refuses_profiles_without_identity_or_address(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		user map[string]any
		want string
	}{
		"no subject":           {with(ann(), "sub", nil), "unable_to_get_user_info"},
		"blank subject":        {with(ann(), "sub", "  "), "unable_to_get_user_info"},
		"subject undefined":    {with(ann(), "sub", "undefined"), "unable_to_get_user_info"},
		"subject null":         {with(ann(), "sub", "null"), "unable_to_get_user_info"},
		"subject is an object": {with(ann(), "sub", object{"a": 1}), "unable_to_get_user_info"},
		"no address":           {with(ann(), "email", nil), "email_not_found"},
		"address with a break": {with(ann(), "email", "a@b.c\r\nBcc: x@y.z"), "email_not_found"},
		"no at sign":           {with(ann(), "email", "ann"), "email_not_found"},
		"endless address":      {with(ann(), "email", strings.Repeat("a", 400)+"@b.c"), "email_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := s.browser()
			wantLocation(t, b.via("plain", test.user), "/oops?error="+test.want)
			if b.who() != "" {
				t.Error("somebody is signed in")
			}
		})
	}
}

func TestSignIn_links_implicitly_only_where_both_sides_have_proven_the_address(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		local, provider bool
		linking         core.LinkingOptions
		linked          bool
	}{
		"both":                         {local: true, provider: true, linked: true},
		"provider did not":             {local: true},
		"provider is trusted":          {local: true, linking: core.LinkingOptions{TrustedProviders: []string{"acme"}}, linked: true},
		"provider is trusted by func":  {local: true, linking: core.LinkingOptions{TrustedProvidersFunc: func(*http.Request) []string { return []string{"acme"} }}, linked: true},
		"user did not":                 {provider: true},
		"user did not, trusted":        {provider: true, linking: core.LinkingOptions{TrustedProviders: []string{"acme"}}},
		"user did not, but need not":   {provider: true, linking: core.LinkingOptions{AllowUnverifiedLocalEmail: true}, linked: true},
		"linking is off":               {local: true, provider: true, linking: core.LinkingOptions{Disabled: true}},
		"implicit linking is off":      {local: true, provider: true, linking: core.LinkingOptions{DisableImplicit: true}},
		"off counts more than trusted": {local: true, provider: true, linking: core.LinkingOptions{DisableImplicit: true, TrustedProviders: []string{"acme"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(c *core.Config, _ *social.Options) { c.Account.Linking = test.linking })
			u := s.register("ann@example.com", test.local)
			b := s.browser()
			want := "/oops?error=account_not_linked"
			if test.linked {
				want = "/in"
			}
			wantLocation(t, b.via("acme", with(ann(), "email", "ANN@example.com", "email_verified", test.provider)), want)
			if got := len(s.accounts(u.ID)) == 2; got != test.linked {
				t.Errorf("linked: %t", got)
			}
			if got := b.who() != ""; got != test.linked {
				t.Errorf("signed in: %t", got)
			}
		})
	}
}

func TestSignIn_asks_the_application(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var actions []string
	s := newSite(t, func(c *core.Config, _ *social.Options) {
		c.ValidateUser = func(_ context.Context, u core.User, source core.Source) (*core.UserRefusal, error) {
			mu.Lock()
			defer mu.Unlock()
			actions = append(actions, source.Action+" "+source.Method+" "+source.Provider+" "+u.Email)
			switch {
			case strings.HasPrefix(u.Email, "out"):
				return &core.UserRefusal{Code: "NOT_WELCOME", Description: "not you"}, nil
			case strings.HasPrefix(u.Email, "err"):
				return nil, errors.New("broken")
			}
			return nil, nil
		}
	})
	wantLocation(t, s.browser().via("acme", ann()), "/in")
	wantLocation(t, s.browser().via("acme", with(ann(), "email", "out@example.com")), "/oops?error=NOT_WELCOME&error_description=not+you")
	wantLocation(t, s.browser().via("acme", with(ann(), "sub", "2", "email", "out@example.com")), "/oops?error=NOT_WELCOME&error_description=not+you")
	wantLocation(t, s.browser().via("acme", with(ann(), "sub", "3", "email", "err@example.com")), "/oops?error=validation_failed&error_description=User+validation+failed")
	want := []string{
		"create-user oauth acme ann@example.com", "sign-in oauth acme out@example.com",
		"create-user oauth acme out@example.com", "create-user oauth acme err@example.com",
	}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Error(diff)
	}
}

func fields(c *core.Config, o *social.Options) {
	c.User.Fields = []schema.Field{
		{Name: "company", Optional: true},
		{Name: "role", Default: "user", NoInput: true},
	}
	o.Providers = []social.Provider{acme(social.Settings{
		OverrideUserInfo: true,
		MapProfile: func(raw map[string]any, p *social.Profile) {
			p.Fields = map[string]any{"company": raw["company"], "role": "admin", "emailVerified": true, "id": "1", "nothing": 1}
			p.Name += "!"
			p.Subject = "somebody-else"
		},
	})}
}

func TestSignIn_takes_only_fields_that_are_open_from_profiles(t *testing.T) {
	t.Parallel()
	s := newSite(t, fields)
	for _, company := range []string{"Acme", "Other"} {
		wantLocation(t, s.browser().via("acme", with(ann(), "company", company, "email_verified", false)), "/in")
		u := s.user("ann@example.com")
		if u.Extra["company"] != company || u.Extra["role"] != "user" || u.Name != "Ann!" || u.EmailVerified {
			t.Errorf("user: %+v", u)
		}
		if a := s.accounts(u.ID); len(a) != 1 || a[0].AccountID != "ann-1" {
			t.Errorf("the identity was changed: %+v", a)
		}
	}
}

func TestSignIn_overrides_what_is_known(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		user     map[string]any
		email    string
		verified bool
	}{
		"name":                     {with(ann(), "name", "Anna"), "ann@example.com", true},
		"verified address stays":   {with(ann(), "name", "Anna", "email_verified", false), "ann@example.com", true},
		"new address, unverified":  {with(ann(), "name", "Anna", "email", "new@example.com", "email_verified", false), "new@example.com", false},
		"address of somebody else": {with(ann(), "name", "Anna", "email", "bob@example.com"), "ann@example.com", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(_ *core.Config, o *social.Options) {
				o.Providers = []social.Provider{acme(social.Settings{OverrideUserInfo: true})}
			})
			s.register("bob@example.com", true)
			wantLocation(t, s.browser().via("acme", ann()), "/in")
			wantLocation(t, s.browser().via("acme", test.user), "/in")
			u := s.user(test.email)
			if u == nil || u.Name != "Anna" || u.EmailVerified != test.verified {
				t.Errorf("user: %+v", u)
			}
		})
	}
}

func TestSignIn_demands_a_verified_address(t *testing.T) {
	t.Parallel()
	var mails []string
	s := newSite(t, func(_ *core.Config, o *social.Options) {
		o.Providers = []social.Provider{acme(social.Settings{RequireEmailVerification: true})}
		o.SendOnSignIn = true
		o.SendVerification = func(_ *core.Context, u *core.User, callbackURL string) error {
			mails = append(mails, u.Email+" "+callbackURL)
			return errors.New("the mail server is down")
		}
	})
	b := s.browser()
	unverified := with(ann(), "email_verified", false)
	for range 2 {
		wantLocation(t, b.via("acme", unverified), "/oops?error=email_not_verified")
	}
	if b.who() != "" {
		t.Error("somebody is signed in")
	}
	if want := []string{"ann@example.com /in", "ann@example.com /in"}; !cmp.Equal(mails, want) {
		t.Errorf("mails %v", mails)
	}
	// The provider's word counts from the next sign-in on, as in Better Auth.
	wantLocation(t, b.via("acme", ann()), "/oops?error=email_not_verified")
	wantLocation(t, b.via("acme", ann()), "/in")
}

func TestCallback_tells_what_went_wrong(t *testing.T) {
	t.Parallel()
	cut := func(address, name string) string {
		u, _ := url.Parse(address)
		q := u.Query()
		q.Del(name)
		u.RawQuery = q.Encode()
		return u.String()
	}
	for name, test := range map[string]struct {
		tweak func(s *site, address string) string
		want  string
	}{
		"no state":      {func(_ *site, a string) string { return cut(a, "state") }, base + "/error?error=state_not_found"},
		"unknown state": {func(_ *site, a string) string { return strings.Replace(a, "state=", "state=x", 1) }, base + "/error?error=state_mismatch"},
		"no code":       {func(_ *site, a string) string { return cut(a, "code") }, "/oops?error=no_code"},
		"wrong code":    {func(_ *site, a string) string { return strings.Replace(a, "code=", "code=x", 1) }, "/oops?error=invalid_code"},
		"denied": {func(_ *site, a string) string {
			return cut(a, "code") + "&error=access_denied&error_description=a+%26+b"
		}, "/oops?error=access_denied&error_description=a+%26+b"},
		"denied, with a code": {func(_ *site, a string) string { return a + "&error=access_denied" }, "/oops?error=access_denied"},
		"odd error":           {func(_ *site, a string) string { return a + "&error=%22%3E%3Cscript%3E%0A" }, "/oops?error=unknown"},
		"long error":          {func(_ *site, a string) string { return a + "&error=" + strings.Repeat("x", 200) }, "/oops?error=unknown"},
		"endless description": {
			func(_ *site, a string) string {
				return a + "&error=x&error_description=" + strings.Repeat("é", 50_000)
			},
			"/oops?error=x&error_description=" + strings.Repeat("%C3%A9", 256),
		},
		"unknown provider": {
			func(_ *site, a string) string { return strings.Replace(a, "/callback/acme", "/callback/nobody", 1) },
			"/oops?error=oauth_provider_not_found",
		},
		"provider is down": {func(s *site, a string) string {
			s.net.fail["POST acme.test/token"] = http.StatusServiceUnavailable
			return a
		}, "/oops?error=invalid_code"},
		"too late": {func(s *site, a string) string {
			s.clock.advance(11 * time.Minute)
			return a
		}, "/oops?error=state_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := s.browser()
			address := s.net.approve(b.start("acme", nil), ann())
			wantLocation(t, b.get(test.tweak(s, address)), test.want)
			if b.who() != "" || s.user("ann@example.com") != nil {
				t.Error("somebody was signed in or up")
			}
		})
	}
}

func TestCallback_checks_issuer_and_nonce(t *testing.T) {
	t.Parallel()
	d := acmeDefinition()
	d.Issuer, d.Nonce = "https://acme.test", true
	s := newSite(t, func(_ *core.Config, o *social.Options) {
		o.Providers = []social.Provider{d.New(social.Client{ID: "acme-client", Secret: "acme-secret"})}
	})
	b := s.browser()
	wantLocation(t, b.get(s.net.approve(b.start("acme", nil), ann())+"&iss=https%3A%2F%2Fevil.test"), "/oops?error=issuer_mismatch")
	wantLocation(t, b.get(s.net.approve(b.start("acme", nil), ann())+"&iss="), "/oops?error=issuer_mismatch")
	address := b.start("acme", nil)
	u, _ := url.Parse(address)
	if nonce := u.Query().Get("nonce"); len(nonce) != 32 {
		t.Errorf("nonce %q", nonce)
	}
	wantLocation(t, b.get(s.net.approve(address, ann())+"&iss=https%3A%2F%2Facme.test"), "/in")
}

func TestCallback_by_form_leads_to_the_same_by_address(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	address := s.net.approve(b.start("acme", nil), ann())
	u, _ := url.Parse(address)
	noCookies := s.browser()
	a := noCookies.do(http.MethodPost, base+"/callback/acme", "application/x-www-form-urlencoded", u.RawQuery+"&more=1")
	to, err := url.Parse(a.location)
	if err != nil || a.status != http.StatusFound || to.Query().Has("more") {
		t.Fatalf("answer %d %q", a.status, a.location)
	}
	if len(noCookies.cookies) != 0 {
		t.Error("a form signed somebody in")
	}
	wantLocation(t, b.get(a.location), "/in")
	a = noCookies.do(http.MethodPost, base+"/callback/acme?code=1&code=2", "application/x-www-form-urlencoded", "state=x")
	if a.status != http.StatusBadRequest {
		t.Errorf("two codes: %d", a.status)
	}
}

func TestCallback_sends_users_back_who_come_unasked(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(_ *core.Config, o *social.Options) {
		o.Providers = []social.Provider{acme(social.Settings{AllowIDPInitiated: true}), plain(social.Settings{})}
	})
	b := s.browser()
	a := b.get(base + "/callback/acme?code=injected")
	if !strings.HasPrefix(a.location, "https://acme.test/authorize?") {
		t.Fatalf("answer %d %q", a.status, a.location)
	}
	wantLocation(t, b.get(s.net.approve(a.location, ann())), "https://app.example.com")
	wantLocation(t, s.browser().get(base+"/callback/acme?code=injected&state="), base+"/error?error=state_not_found")
	wantLocation(t, s.browser().get(base+"/callback/plain?code=injected"), base+"/error?error=state_not_found")
}

func TestFlow_is_found_by_hooks(t *testing.T) {
	t.Parallel()
	var seen *social.Flow
	s := newSite(t, func(c *core.Config, _ *social.Options) {
		c.DatabaseHooks = []core.DatabaseHook{{Model: "user", BeforeCreate: func(ctx context.Context, _ schema.Row) error {
			seen = social.FlowFrom(ctx)
			return nil
		}}}
	})
	b := s.browser()
	more := object{"additionalData": object{"ref": "x", "link": object{"userId": "victim"}, "codeVerifier": "mine", "callbackURL": "https://evil.test"}}
	wantLocation(t, b.get(s.net.approve(b.start("acme", more), ann())), "/in")
	if seen == nil || seen.LinkUserID != "" || seen.CallbackURL != "/in" || !cmp.Equal(seen.Additional, object{"ref": "x"}) {
		t.Errorf("flow: %+v", seen)
	}
}

func TestSignIn_refuses_data_that_does_not_fit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.browser().post("/sign-in/social", object{"provider": "acme", "additionalData": object{"x": strings.Repeat("x", 20_000)}})
	if a.status != http.StatusBadRequest || a.body["code"] != "VALIDATION_ERROR" {
		t.Errorf("answer %d %v", a.status, a.body)
	}
}

func TestSignIn_aborted_by_a_hook(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{
		"user": "unable_to_create_user", "account": "unable_to_create_user", "session": "unable_to_create_session",
	} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(c *core.Config, _ *social.Options) {
				c.DatabaseHooks = []core.DatabaseHook{{Model: model, BeforeCreate: func(context.Context, schema.Row) error { return core.ErrAbort }}}
			})
			wantLocation(t, s.browser().via("acme", ann()), "/oops?error="+want)
			if made := s.user("ann@example.com") != nil; made != (model == "session") {
				t.Errorf("user was made: %t", made)
			}
		})
	}
}
