package social_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/social"
)

// eachStateStrategy runs a test for both ways of keeping flows.
func eachStateStrategy(t *testing.T, test func(t *testing.T, set setting)) {
	t.Helper()
	for _, strategy := range []core.StateStrategy{core.StateInDatabase, core.StateInCookie} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			test(t, func(c *core.Config, _ *social.Options) { c.Account.StateStrategy = strategy })
		})
	}
}

// BA-13 (CVE-2026-67335): the state in the answer was not compared with the one
// in the cookie, so that an attacker's answer signed the victim in as the
// attacker.
func TestAdvisory_BA13_the_state_of_the_answer_is_that_of_the_cookie(t *testing.T) {
	t.Parallel()
	eachStateStrategy(t, func(t *testing.T, set setting) {
		s := newSite(t, set)
		victim, attacker := s.browser(), s.browser()
		victim.start("acme", nil)
		answer := s.net.approve(attacker.start("acme", nil), with(ann(), "email", "attacker@example.com"))
		wantLocation(t, victim.get(answer), "/oops?error=state_mismatch")
		if victim.who() != "" {
			t.Error("the victim is signed in")
		}
		if n := s.net.requests("POST acme.test/token"); n != 0 {
			t.Errorf("%d requests for tokens", n)
		}
	})
}

// AJ-09 (CVE-2023-27490): a sign-in could be finished in another browser.
func TestAdvisory_AJ09_another_browser_cannot_finish_a_sign_in(t *testing.T) {
	t.Parallel()
	eachStateStrategy(t, func(t *testing.T, set setting) {
		s := newSite(t, set)
		b, other := s.browser(), s.browser()
		address := b.start("acme", nil)
		a := other.get(s.net.approve(address, ann()))
		if !strings.HasSuffix(a.location, "?error=state_mismatch") || other.who() != "" {
			t.Errorf("answer %d %q", a.status, a.location)
		}
		// A stranger who saw the state has not used it up.
		wantLocation(t, b.get(s.net.approve(address, ann())), "/in")
	})
}

// AJ-13 (CVE-2026-73419): a state made for one provider was good at the callback
// of another.
func TestAdvisory_AJ13_a_state_is_good_for_its_provider_only(t *testing.T) {
	t.Parallel()
	eachStateStrategy(t, func(t *testing.T, set setting) {
		s := newSite(t, set)
		b := s.browser()
		address := b.start("acme", nil)
		mixedUp := strings.Replace(s.net.approve(address, ann()), "/callback/acme", "/callback/plain", 1)
		wantLocation(t, b.get(mixedUp), "/oops?error=state_mismatch")
		if n := s.net.requests("POST "); n != 0 {
			t.Errorf("%d requests for tokens", n)
		}
		wantLocation(t, b.get(s.net.approve(address, ann())), "/in")
	})
}

// A Better Auth server on the same database makes states that name no provider.
func TestAcceptForeignStates(t *testing.T) {
	t.Parallel()
	for _, accept := range []bool{false, true} {
		s := newSite(t, func(_ *core.Config, o *social.Options) { o.AcceptForeignStates = accept })
		b := s.browser()
		const state, verifier = "foreign-state-of-32-characters--", "a-verifier-that-is-as-good-as-any-other-one"
		value := `{"callbackURL":"/in","codeVerifier":"` + verifier + `","errorURL":"/oops","expiresAt":4102444800000,"oauthState":"` + state + `"}`
		if err := s.Verifications.Create(t.Context(), "auth-state:"+state, value, 1e12); err != nil {
			t.Fatal(err)
		}
		b.cookies["__Secure-better-auth.state"] = url.QueryEscape(s.Secrets.SignedValue(state))
		query := url.Values{
			"redirect_uri": {base + "/callback/acme"}, "state": {state}, "code_challenge": {challenge(verifier)},
		}
		want := "/oops?error=state_mismatch"
		if accept {
			want = "/in"
		}
		wantLocation(t, b.get(s.net.approve("https://acme.test/authorize?"+query.Encode(), ann())), want)
	}
}

// BA-14 (CVE-2026-53516): whoever signed up with the victim's address first kept
// the password of the account that the victim's identity was linked to.
func TestAdvisory_BA14_an_unproven_user_is_never_linked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attackers := s.register("ann@example.com", false)
	b := s.browser()
	wantLocation(t, b.via("acme", ann()), "/oops?error=account_not_linked")
	a := b.post("/sign-in/social", object{"provider": "acme", "idToken": object{"token": signToken(t, s.net.claims(ann()))}})
	if a.status != http.StatusUnauthorized || a.body["code"] != "OAUTH_LINK_ERROR" || a.body["message"] != "account not linked" {
		t.Errorf("ID token: %d %v", a.status, a.body)
	}
	if b.who() != "" || len(s.accounts(attackers.ID)) != 1 {
		t.Error("the identity was linked")
	}
}

// Supabase, CVE-2026-31813: the issuer was taken from the token.
func TestAdvisory_L1_the_issuer_comes_from_the_configuration(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	claims := s.net.claims(ann())
	claims["iss"] = "https://evil.test"
	a := s.browser().post("/sign-in/social", object{"provider": "acme", "idToken": object{"token": signToken(t, claims)}})
	if a.status != http.StatusUnauthorized || a.body["code"] != "INVALID_TOKEN" {
		t.Errorf("answer %d %v", a.status, a.body)
	}
	if n := s.net.requests(""); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// AJ-06 (CVE-2022-31186): failed calls were logged with secrets and tokens.
func TestAdvisory_AJ06_failures_are_logged_without_secrets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	s.net.fail["POST acme.test/token"] = http.StatusBadRequest
	address := s.net.approve(b.start("acme", nil), ann())
	wantLocation(t, b.get(address), "/oops?error=invalid_code")
	u, _ := url.Parse(address)
	logs := s.logs.String()
	if !strings.Contains(logs, "acme.test answered 400 server_error") {
		t.Errorf("the failure is not in the logs: %s", logs)
	}
	for name, secret := range map[string]string{
		"client secret": "acme-secret", "code": u.Query().Get("code"), "state": u.Query().Get("state"), "verifier": "code_verifier", "server secret": testSecret,
	} {
		if strings.Contains(logs, secret) {
			t.Errorf("the %s is in the logs", name)
		}
	}
}

// BA-33: a state was taken for a token of another purpose. What is stored is
// found under its own prefix only.
func TestAdvisory_BA33_a_state_is_no_token_of_another_kind(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	address := b.start("acme", object{"additionalData": object{"email": "victim@example.com", "type": "magic-link"}})
	u, _ := url.Parse(address)
	for _, identifier := range []string{"", "reset-password:", "delete-account-", "magic-link:"} {
		found, err := s.Verifications.Find(t.Context(), identifier+u.Query().Get("state"))
		if err != nil || found != nil {
			t.Errorf("found under %q: %v %v", identifier, found, err)
		}
	}
	wantLocation(t, b.get(s.net.approve(address, ann())), "/in")
}

func TestState_is_used_once_however_often_it_comes_back_at_once(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	address := b.start("acme", nil)
	var answers []string
	for range 30 {
		answers = append(answers, s.net.approve(address, ann()))
	}
	var all sync.WaitGroup
	var in atomic.Int64
	for _, answer := range answers {
		clone := s.browser()
		for name, value := range b.cookies {
			clone.cookies[name] = value
		}
		all.Go(func() {
			if clone.get(answer).location == "/in" {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if n := s.net.requests("POST acme.test/token"); in.Load() != 1 || n != 1 {
		t.Errorf("%d signed in with %d requests for tokens, want 1 and 1", in.Load(), n)
	}
}

// together is a database in which whoever is about to use up a state waits until
// all have read it.
type together struct {
	database.Adapter
	missing atomic.Int64 // how many are still to come
	all     chan struct{}
}

// Transaction waits for the others. A state is used up in the first one of a
// request.
func (d *together) Transaction(ctx context.Context, fn func(tx database.Adapter) error) error {
	switch n := d.missing.Add(-1); {
	case n == 0:
		close(d.all)
	case n > 0:
		<-d.all
	}
	return d.Adapter.Transaction(ctx, fn)
}

// Lesson L3: a state that is read by several requests before one of them has used
// it up.
func TestAdvisory_L3_a_state_read_by_several_signs_in_one(t *testing.T) {
	t.Parallel()
	const requests = 5
	d := &together{Adapter: memory.New(), all: make(chan struct{})}
	s := newSite(t, func(c *core.Config, _ *social.Options) { c.Database = d })
	b := s.browser()
	address := b.start("acme", nil)
	d.missing.Store(requests)
	var all sync.WaitGroup
	var in, refused atomic.Int64
	for range requests {
		clone, answer := s.browser(), s.net.approve(address, ann())
		for name, value := range b.cookies {
			clone.cookies[name] = value
		}
		all.Go(func() {
			switch at := clone.get(answer).location; at {
			case "/in":
				in.Add(1)
			case "/oops?error=state_mismatch":
				refused.Add(1)
			default:
				t.Errorf("led to %q", at)
			}
		})
	}
	all.Wait()
	if n := s.net.requests("POST acme.test/token"); in.Load() != 1 || refused.Load() != requests-1 || n != 1 {
		t.Errorf("%d signed in, %d refused, %d requests for tokens", in.Load(), refused.Load(), n)
	}
}

func TestState_cookie_is_sealed(t *testing.T) {
	t.Parallel()
	eachStateStrategy(t, func(t *testing.T, set setting) {
		s := newSite(t, set)
		b := s.browser()
		address := s.net.approve(b.start("acme", nil), ann())
		for name, value := range b.cookies {
			last := "0"
			if strings.HasSuffix(value, "0") {
				last = "1"
			}
			b.cookies[name] = value[:len(value)-8] + strings.Repeat(last, 8)
		}
		a := b.get(address)
		if !strings.Contains(a.location, "?error=state_") || b.who() != "" {
			t.Errorf("answer %d %q", a.status, a.location)
		}
	})
}

func TestState_cookie_check_can_be_skipped(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *core.Config, _ *social.Options) { c.Account.SkipStateCookieCheck = true })
	wantLocation(t, s.browser().get(s.net.approve(s.browser().start("acme", nil), ann())), "/in")
}
