package social_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Package encoding/json takes "LINK" for "link". What a client adds to a sign-in
// must not become a part of it that the server left out.
func TestAdditionalData_sets_nothing_of_the_flow_however_it_is_spelled(t *testing.T) {
	t.Parallel()
	eachStateStrategy(t, func(t *testing.T, set setting) {
		s := newSite(t, set)
		victim := s.register("victim@example.com", true)
		for _, name := range []string{"link", "LINK", "Link", "lin\u212a"} {
			b := s.browser()
			address := b.start("acme", object{"additionalData": object{name: object{"userId": victim.ID, "email": "ann@example.com", "encryptedSessionToken": "00"}}})
			wantLocation(t, b.get(s.net.approve(address, with(ann(), "sub", name, "email", url.QueryEscape(name)+"@example.com"))), "/in")
			if len(s.accounts(victim.ID)) != 1 {
				t.Fatalf("%q: an account was linked to another user", name)
			}
		}
		for _, name := range []string{"errorURL", "ERRORURL", "errorurl"} {
			b := s.browser()
			address := b.start("acme", object{"errorCallbackURL": "", "additionalData": object{name: "https://evil.test/"}})
			back := strings.Replace(s.net.approve(address, ann()), "code=", "error=access_denied&x=", 1)
			if a := b.get(back); !strings.HasPrefix(a.location, base+"/error?") {
				t.Errorf("%q: redirected to %q", name, a.location)
			}
		}
		for i, name := range []string{"newUserURL", "NEWUSERURL"} {
			b := s.browser()
			address := b.start("acme", object{"additionalData": object{name: "https://evil.test/"}})
			wantLocation(t, b.get(s.net.approve(address, with(ann(), "sub", "new-"+name, "email", url.QueryEscape(name)+"-new-"+fmt.Sprint(i)+"@example.com"))), "/in")
		}
	})
}

// strings.ToLower makes a plain "k" of the Kelvin sign and a plain "i" of a dotted
// capital one, so that somebody who owns another mailbox would get the user of
// this one.
func TestSignIn_with_an_address_that_only_looks_the_same(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	victim := s.register("kim@example.com", true)
	for _, email := range []string{"\u212aim@example.com", "k\u0130m@example.com", "kim@example.com\u0000", " kim@example.com\n,x@evil.test", "kim@EXAMPLE.com,x@evil.test"} {
		b := s.browser()
		a := b.via("acme", with(ann(), "sub", "sub-"+url.QueryEscape(email), "email", email))
		if b.who() == "kim@example.com" || len(s.accounts(victim.ID)) != 1 {
			t.Fatalf("%q: signed in as %q by %q", email, b.who(), a.location)
		}
	}
}

// Beyond 2^53 several whole numbers are the same float64, and so would several
// users be.
func TestSubject_takes_only_numbers_that_are_exact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"77": "77", "9007199254740991": "9007199254740991", "-5": "-5", "0": "0",
		"9007199254740992": "", "9007199254740993": "", "1e300": "", "1.5": "", "-9007199254740993": "",
		`"9007199254740993"`: "9007199254740993", `"undefined"`: "", `" "`: "", "true": "", "[1]": "", "null": "",
	} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if got := social.Subject(v); got != want {
			t.Errorf("Subject(%s) = %q, want %q", text, got, want)
		}
	}
}

// Whatever a token endpoint answers, nobody is signed in without tokens.
func TestTokenAnswers_that_are_none(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, text := range map[string]string{
		"a form with status 200":       "error=bad_verification_code&error_description=x",
		"a form with a token":          "access_token=a&token_type=bearer",
		"an error with status 200":     `{"error":"bad_verification_code"}`,
		"an error beside a token":      `{"access_token":"a","id_token":"a.b.c","error":"x"}`,
		"nothing":                      "",
		"null":                         "null",
		"a list":                       `[{"access_token":"a"}]`,
		"a token that is no text":      `{"access_token":{"a":1}}`,
		"a token that is empty":        `{"access_token":""}`,
		"more than anybody would send": `{"access_token":"` + strings.Repeat("a", 2<<20) + `"}`,
		"deep":                         strings.Repeat("[", 200000) + strings.Repeat("]", 200000),
		"HTML":                         "<html><body>Sign in</body></html>",
	} {
		s.net.mu.Lock()
		s.net.answers["POST plain.test/token"] = text
		s.net.mu.Unlock()
		b := s.browser()
		if a := b.via("plain", ann()); a.location != "/oops?error=invalid_code" || b.who() != "" {
			t.Errorf("%s: %d %q", name, a.status, a.location)
		}
	}
}

// Whatever a profile looks like, nobody is signed in without identity and address.
func TestProfiles_that_are_none(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for text, want := range map[string]string{
		`{}`:                                    "unable_to_get_user_info",
		`null`:                                  "unable_to_get_user_info",
		`[]`:                                    "unable_to_get_user_info",
		`{"sub":null,"email":"a@example.com"}`:  "unable_to_get_user_info",
		`{"sub":["a"],"email":"a@example.com"}`: "unable_to_get_user_info",
		`{"sub":9007199254740993,"email":"a@example.com"}`:                   "unable_to_get_user_info",
		`{"sub":"a","email":["victim@example.com"],"email_verified":true}`:   "email_not_found",
		`{"sub":"a","email":"not an address"}`:                               "email_not_found",
		`{"sub":"a","email":"` + strings.Repeat("a", 400) + `@example.com"}`: "email_not_found",
	} {
		s.net.mu.Lock()
		s.net.answers["GET plain.test/user"] = text
		s.net.mu.Unlock()
		b := s.browser()
		if a := b.via("plain", ann()); a.location != "/oops?error="+want || b.who() != "" {
			t.Errorf("%.80s: %d %q", text, a.status, a.location)
		}
	}
}

func TestCallback_of_a_flow_that_has_been_completed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	cookies := map[string]string{}
	address := b.start("acme", nil)
	for name, value := range b.cookies {
		cookies[name] = value
	}
	back := s.net.approve(address, ann())
	wantLocation(t, b.get(back), "/in")
	// With the cookie of that time, and a code that is good.
	again := s.browser()
	again.cookies = cookies
	if a := again.get(s.net.approve(address, ann())); !strings.HasSuffix(a.location, "error=state_mismatch") || again.who() != "" {
		t.Errorf("answer %d %q", a.status, a.location)
	}
}

// BA-03, BA-04: where a flow leads is checked when it begins, every way of
// writing it.
func TestFlows_lead_to_trusted_places_only(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user := s.register("bob@example.com", true)
	codes := map[string]string{
		"callbackURL": "INVALID_CALLBACK_URL", "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL", "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL",
	}
	for _, target := range []string{
		"https://evil.test", "//evil.test", `/\evil.test`, `\\evil.test`, "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "https:evil.test",
		"https:/evil.test", "\thttps://evil.test", "https://app.example.com@evil.test", "https://app.example.com.evil.test", "/%5cevil.test", "/%2f%2fevil.test",
		"/a\r\nSet-Cookie: x=y", "http://app.example.com", "https://app.example.com:444/", "/..//evil.test",
	} {
		for field, code := range codes {
			for path, b := range map[string]*browser{"/sign-in/social": s.browser(), "/link-social": s.signedIn(user)} {
				if path == "/link-social" && field == "newUserCallbackURL" {
					continue
				}
				a := b.post(path, object{"provider": "acme", field: target})
				if a.status != http.StatusForbidden || a.body["code"] != code || a.location != "" {
					t.Errorf("%s %s %q: %d %v", path, field, target, a.status, a.body)
				}
			}
		}
	}
}

func TestIDTokenSignIn_in_a_foreign_form(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *core.Config, _ *social.Options) { c.Cookies.Prefix = "x" })
	a := s.browser().do(http.MethodPost, base+"/sign-in/social", "text/plain", `{"provider":"acme","idToken":{"token":"x"}}`)
	if a.status < 400 {
		t.Errorf("answer %d %v", a.status, a.body)
	}
}
