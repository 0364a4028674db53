package social_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// withAccount returns a browser in which Ann is signed in, and her account.
func withAccount(t *testing.T, settings ...setting) (*browser, core.Account) {
	t.Helper()
	s := newSite(t, settings...)
	b := s.browser()
	wantLocation(t, b.via("acme", ann()), "/in")
	return b, s.accounts(s.user("ann@example.com").ID)[0]
}

func encrypted(c *core.Config, _ *social.Options) { c.Account.EncryptOAuthTokens = true }

func TestGetAccessToken(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]setting{"plain": func(*core.Config, *social.Options) {}, "encrypted": encrypted} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, account := withAccount(t, set)
			if stored := *account.AccessToken; (stored == "access-2") == (name == "encrypted") {
				t.Errorf("stored token %q", stored)
			}
			a := b.post("/get-access-token", object{"accountId": account.ID})
			if a.body["accessToken"] != "access-2" || !cmp.Equal(a.body["scopes"], []any{"a", "b"}) {
				t.Errorf("answer %d %v", a.status, a.body)
			}
			b.clock.advance(time.Hour - 4*time.Second)
			a = b.post("/get-access-token", object{"accountId": account.ID})
			if a.body["accessToken"] != "access-3" || a.body["accessTokenExpiresAt"] != "2030-01-02T05:04:01.000Z" {
				t.Errorf("answer %d %v", a.status, a.body)
			}
		})
	}
}

func TestGetAccessToken_reads_tokens_from_before_encryption(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]any{
		"plain-token":                       "plain-token",
		"0123456789abcdef0123456789":        "0123456789abcdef0123456789", // a token that happens to be hexadecimal
		strings.Repeat("ab", 100):           nil,                          // sealed with a secret that is gone
		"$ba$9$" + strings.Repeat("ab", 50): nil,
	} {
		b, account := withAccount(t, encrypted)
		if _, err := b.Accounts.Update(t.Context(), account.ID, b.Accounts.Table().NewRow().Set("accessToken", stored)); err != nil {
			t.Fatal(err)
		}
		a := b.post("/get-access-token", object{"accountId": account.ID})
		if a.body["accessToken"] != want {
			t.Errorf("%q: %d %v", stored, a.status, a.body)
		}
	}
}

// Providers that rotate refresh tokens take the second use of one for theft.
func TestRefresh_asks_the_provider_once_for_all_who_want_it_at_once(t *testing.T) {
	t.Parallel()
	b, account := withAccount(t)
	b.net.rotating = true
	b.clock.advance(2 * time.Hour)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range 20 {
		clone := b.browser()
		for name, value := range b.cookies {
			clone.cookies[name] = value
		}
		all.Go(func() {
			<-begin
			a := clone.post("/get-access-token", object{"accountId": account.ID})
			if a.body["accessToken"] != "access-3" {
				t.Errorf("answer %d %v", a.status, a.body)
			}
		})
	}
	close(begin)
	all.Wait()
	if n := b.net.requests("POST acme.test/token refresh_token"); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
}

func TestRefreshToken(t *testing.T) {
	t.Parallel()
	b, account := withAccount(t, encrypted)
	a := b.post("/refresh-token", object{"accountId": account.ID})
	delete(a.body, "idToken")
	want := object{
		"accessToken": "access-3", "refreshToken": "refresh-3", "accessTokenExpiresAt": "2030-01-02T04:04:05.000Z",
		"refreshTokenExpiresAt": nil, "scope": "a,b", "providerId": "acme", "accountId": account.ID,
	}
	if diff := cmp.Diff(want, a.body); diff != "" {
		t.Error(diff)
	}
	b.net.fail["POST acme.test/token"] = http.StatusBadRequest
	a = b.post("/refresh-token", object{"accountId": account.ID})
	if a.status != http.StatusBadRequest || a.body["code"] != "FAILED_TO_REFRESH_ACCESS_TOKEN" {
		t.Errorf("answer %d %v", a.status, a.body)
	}
	delete(b.net.fail, "POST acme.test/token")
	b.net.answers["POST acme.test/token"] = `{"access_token":"access-9"}`
	a = b.post("/refresh-token", object{"accountId": account.ID})
	if a.body["accessToken"] != "access-9" || a.body["refreshToken"] != "refresh-3" {
		t.Errorf("the old refresh token was not kept: %v", a.body)
	}
}

func TestRefresh_takes_what_another_node_got(t *testing.T) {
	t.Parallel()
	var meanwhile func() error
	b, account := withAccount(t, func(_ *core.Config, o *social.Options) {
		o.Providers = []social.Provider{acme(social.Settings{RefreshTokens: func(context.Context, string) (*social.Tokens, error) {
			return nil, errors.Join(errors.New("this refresh token has been used"), meanwhile())
		}})}
	})
	meanwhile = func() error {
		change := b.Accounts.Table().NewRow().Set("accessToken", "of-another-node").Set("accessTokenExpiresAt", b.Now().Add(time.Hour))
		_, err := b.Accounts.Update(t.Context(), account.ID, change)
		return err
	}
	b.clock.advance(2 * time.Hour)
	if a := b.post("/get-access-token", object{"accountId": account.ID}); a.body["accessToken"] != "of-another-node" {
		t.Errorf("answer %d %v", a.status, a.body)
	}
}

func TestTokens_are_for_their_owner_only(t *testing.T) {
	t.Parallel()
	b, account := withAccount(t, func(c *core.Config, _ *social.Options) { c.Session.CookieCache.Enabled = true })
	stranger := b.signedIn(b.register("bob@example.com", true))
	for _, path := range []string{"/get-access-token", "/refresh-token"} {
		if a := stranger.post(path, object{"accountId": account.ID}); a.status != 400 || a.body["code"] != "ACCOUNT_NOT_FOUND" {
			t.Errorf("stranger at %s: %d %v", path, a.status, a.body)
		}
		if a := stranger.post(path, object{"accountId": account.ID, "userId": account.UserID}); a.status != 400 || a.body["code"] != "ACCOUNT_NOT_FOUND" {
			t.Errorf("stranger who names the owner at %s: %d %v", path, a.status, a.body)
		}
		if a := b.browser().post(path, object{"accountId": account.ID, "userId": account.UserID}); a.status != 401 || a.body != nil {
			t.Errorf("nobody at %s: %d %v", path, a.status, a.body)
		}
	}
	if a := stranger.get(base + "/account-info?accountId=" + account.ID); a.status != 400 {
		t.Errorf("stranger: %d %v", a.status, a.body)
	}
	// The cookie cache still vouches for a session that was revoked; it is not asked.
	if err := b.Sessions.DeleteOf(t.Context(), account.UserID); err != nil {
		t.Fatal(err)
	}
	if a := b.post("/get-access-token", object{"accountId": account.ID}); a.status != 401 {
		t.Errorf("revoked session: %d %v", a.status, a.body)
	}
}

func TestTokens_in_process(t *testing.T) {
	t.Parallel()
	b, account := withAccount(t)
	in := api.AccountSelector{AccountID: &account.ID}
	_, err := core.Invoke(t.Context(), b.Kernel, api.GetAccessToken, in, core.Call{})
	if failed := core.AsAPIError(err); failed == nil || failed.Code != "USER_ID_OR_SESSION_REQUIRED" {
		t.Errorf("nobody: %v", err)
	}
	in.UserID = account.UserID
	out, err := core.Invoke(t.Context(), b.Kernel, api.GetAccessToken, in, core.Call{})
	if err != nil || out.Value.AccessToken != "access-2" {
		t.Errorf("owner: %+v %v", out.Value, err)
	}
}

func TestAccountSelector_is_strict(t *testing.T) {
	t.Parallel()
	b, account := withAccount(t)
	for _, body := range []object{
		{},
		{"accountId": account.ID, "useAccountCookie": true},
		{"useAccountCookie": false},
		{"accountId": 5},
		{"accountId": account.ID, "providerId": "acme"},
		{"useAccountCookie": "true"},
		{"accountId": nil},
	} {
		a := b.post("/get-access-token", body)
		if a.status != 400 || a.body["message"] != "[body] Invalid input" {
			t.Errorf("%v: %d %v", body, a.status, a.body)
		}
	}
	for _, query := range []string{"", "?useAccountCookie=true", "?accountId=a&accountId=b", "?accountId=a&x=1"} {
		a := b.get(base + "/account-info" + query)
		if a.status != 400 || a.body["message"] != "[query] Invalid input" {
			t.Errorf("%q: %d %v", query, a.status, a.body)
		}
	}
}

func TestTokens_of_accounts_without_provider(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u := s.register("ann@example.com", true)
	b, id := s.signedIn(u), s.accounts(u.ID)[0].ID
	for path, code := range map[string]string{"/get-access-token": "PROVIDER_NOT_SUPPORTED", "/refresh-token": "PROVIDER_NOT_SUPPORTED"} {
		if a := b.post(path, object{"accountId": id}); a.status != 400 || a.body["code"] != code || a.body["message"] != "Provider credential is not supported." {
			t.Errorf("%s: %d %v", path, a.status, a.body)
		}
	}
	if a := b.get(base + "/account-info?accountId=" + id); a.body["code"] != "PROVIDER_NOT_CONFIGURED" {
		t.Errorf("account-info: %d %v", a.status, a.body)
	}
}

func TestAccountInfo(t *testing.T) {
	t.Parallel()
	b, account := withAccount(t)
	a := b.get(base + "/account-info?accountId=" + account.ID)
	want := object{
		"user":    object{"name": "Ann", "email": "ann@example.com", "emailVerified": true, "image": "https://img.test/ann.png"},
		"account": object{"id": account.ID, "providerId": "acme", "accountId": "ann-1"},
	}
	data, _ := a.body["data"].(object)
	delete(a.body, "data")
	if diff := cmp.Diff(want, a.body); diff != "" || data["iss"] != "https://acme.test" {
		t.Errorf("%s %v", diff, data)
	}
}

func TestAccountCookie(t *testing.T) {
	t.Parallel()
	b, account := withAccount(t, encrypted, func(c *core.Config, _ *social.Options) { c.Account.StoreAccountCookie = true })
	a := b.post("/get-access-token", object{"useAccountCookie": true})
	if a.body["accessToken"] != "access-2" {
		t.Fatalf("answer %d %v", a.status, a.body)
	}
	before := b.cookies["__Secure-better-auth.account_data"]
	a = b.post("/refresh-token", object{"useAccountCookie": true})
	if a.body["accessToken"] != "access-3" || b.cookies["__Secure-better-auth.account_data"] == before {
		t.Errorf("answer %d %v", a.status, a.body)
	}
	a = b.post("/get-access-token", object{"useAccountCookie": true})
	if a.body["accessToken"] != "access-3" {
		t.Errorf("the cookie was not brought up to date: %v", a.body)
	}
	stranger := b.signedIn(b.register("bob@example.com", true))
	stranger.cookies["__Secure-better-auth.account_data"] = b.cookies["__Secure-better-auth.account_data"]
	if a := stranger.post("/get-access-token", object{"useAccountCookie": true}); a.body["code"] != "ACCOUNT_NOT_FOUND" {
		t.Errorf("a stranger used the cookie of %s: %v", account.UserID, a.body)
	}
}

func TestStateless_servers_keep_everything_in_cookies(t *testing.T) {
	t.Parallel()
	b, _ := withAccount(t, func(c *core.Config, _ *social.Options) { c.Database = nil })
	if got := b.who(); got != "ann@example.com" {
		t.Errorf("signed in as %q", got)
	}
	if a := b.post("/get-access-token", object{"useAccountCookie": true}); a.body["accessToken"] != "access-2" {
		t.Errorf("answer %d %v", a.status, a.body)
	}
}

func TestSignIn_keeps_tokens_if_asked_to(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		b, account := withAccount(t, func(c *core.Config, _ *social.Options) { c.Account.KeepTokensOnSignIn = keep })
		wantLocation(t, b.via("acme", ann()), "/in")
		kept := *b.accounts(account.UserID)[0].AccessToken == *account.AccessToken
		if kept != keep {
			t.Errorf("kept: %t", kept)
		}
	}
}

func TestSignOut_leads_to_the_sign_out_of_the_provider(t *testing.T) {
	t.Parallel()
	d := acmeDefinition()
	d.EndSession = func(r social.EndSession) string {
		return "https://acme.test/logout?" + r.State + "&" + r.PostLogoutRedirectURI + "&" + r.BaseURL
	}
	b, _ := withAccount(t, func(_ *core.Config, o *social.Options) {
		o.Providers = []social.Provider{plain(social.Settings{}), d.New(social.Client{ID: "acme-client", Secret: "s"})}
	})
	stranger := b.signedIn(b.register("bob@example.com", true))
	a := b.post("/sign-out", object{"callbackURL": "/bye", "state": "st"})
	if want := "https://acme.test/logout?st&https://app.example.com/bye&" + base; a.body["url"] != want || a.location != want {
		t.Errorf("answer %d %v %q", a.status, a.body, a.location)
	}
	if a := stranger.post("/sign-out", object{}); a.body["url"] != nil || a.location != "" {
		t.Errorf("a user without account: %d %v", a.status, a.body)
	}
}

// Another process of a server without database knows the account from the cookie
// only.
func TestStateless_servers_refresh_accounts_of_other_processes(t *testing.T) {
	t.Parallel()
	stateless := func(c *core.Config, _ *social.Options) { c.Database = nil }
	first, _ := withAccount(t, stateless, encrypted)
	second := newSite(t, stateless, encrypted, func(c *core.Config, _ *social.Options) {
		c.HTTPClient = &http.Client{Transport: first.net}
	})
	b := second.browser()
	b.cookies = first.cookies
	for _, want := range []string{"access-3", "access-4"} {
		a := b.post("/refresh-token", object{"useAccountCookie": true})
		if a.body["accessToken"] != want || a.body["refreshToken"] == nil {
			t.Errorf("answer %d %v", a.status, a.body)
		}
	}
	if a := b.post("/get-access-token", object{"useAccountCookie": true}); a.body["accessToken"] != "access-4" {
		t.Errorf("answer %d %v", a.status, a.body)
	}
}
