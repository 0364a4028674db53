package ostiary_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// counted returns a server that counts how often sign-in by password ran.
func counted(t *testing.T, settings ...setting) (*server, *int) {
	runs := new(int)
	settings = append(settings, func(_ *server, o *ostiary.Options) {
		o.Hooks = append(o.Hooks, core.Hook{Match: func(c *core.Context) bool { return c.Path == "/sign-in/email" }, Before: func(*core.Context) error { *runs++; return nil }})
	})
	return newServer(t, settings...), runs
}

// raw asks for a path exactly as written.
func (c *client) raw(method, path string, body []byte) reply {
	r := c.request(method, "/ok", body)
	r.URL.Opaque = ""
	r.URL.Path, r.URL.RawPath = unescaped(basePath+path), basePath+path
	return c.do(r)
}

func unescaped(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

var otherSpellings = []string{
	"/sign-in//email", "//sign-in/email", "/sign-in/email/", "/sign-in/email//", "/sign-in/%65mail", "/./sign-in/email", "/x/../sign-in/email", "/SIGN-IN/EMAIL", "/sign-in/email;x=1",
	"/sign-in%2Femail", "/%2e/sign-in/email", "/x/%2E%2e/sign-in/email", "/sign-in/./email", "/sign-in/x/../email", "/sign-in/email/.", "/sign-in/email/x/..", "/sign-in/email%00", "/sign-in/email%20",
	"/sign-in\\email", "/sign-in/email?", "/sign-in/email#", "/../auth/sign-in/email", "/sign-in/email%2e", "/sign-in/email/%2e",
}

func TestAdvisory_BA07_ADisabledPathIsNotServedInAnySpelling(t *testing.T) {
	t.Parallel()
	for _, skip := range []bool{false, true} {
		s, runs := counted(t, func(_ *server, o *ostiary.Options) {
			o.Advanced.DisabledPaths, o.Advanced.SkipTrailingSlashes = []string{"/sign-in/email"}, skip
		})
		s.signUp("ada@example.com")
		body := []byte(`{"email":"ada@example.com","password":"` + goodPassword + `"}`)
		for _, path := range append(otherSpellings, "/sign-in/email") {
			r := s.client().raw(http.MethodPost, path, body)
			if r.status != http.StatusNotFound || *runs != 0 {
				t.Fatalf("skip %v: %s answers %v after %d runs", skip, path, r, *runs)
			}
		}
	}
}

func TestAdvisory_BA07_NoSpellingOfAPathGetsAroundTheLimit(t *testing.T) {
	t.Parallel()
	for _, skip := range []bool{false, true} {
		s, runs := counted(t, withLimits, func(_ *server, o *ostiary.Options) { o.Advanced.SkipTrailingSlashes = skip })
		c := s.client()
		body := []byte(`{"email":"ada@example.com","password":"` + goodPassword + `"}`)
		for range 4 {
			for _, path := range append(otherSpellings, "/sign-in/email") {
				c.raw(http.MethodPost, path, body)
			}
		}
		if *runs > 3 {
			t.Errorf("skip %v: sign-in ran %d times, want at most 3", skip, *runs)
		}
	}
}

func TestAPathWithParametersCanBeDisabled(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.Advanced.DisabledPaths = []string{"/reset-password/:token"} })
	if r := s.client().get("/reset-password/abc?callbackURL=/x"); r.status != http.StatusNotFound {
		t.Errorf("the path is served: %v, Location %q", r, r.header.Get("Location"))
	}
}

func TestLimitsAreOnByDefault(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.RateLimit.Enabled = nil })
	c := s.client()
	for range 3 {
		c.signIn("ada@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	}
	r := c.signIn("ada@example.com", goodPassword)
	if r.status != 429 || r.header.Get("X-Retry-After") != "10" {
		t.Errorf("the fourth sign-in answers %v, X-Retry-After %q", r, r.header.Get("X-Retry-After"))
	}
	s.clock.Advance(10 * time.Second)
	c.signIn("ada@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
}

func (s *server) from(ip string) *client {
	c := s.client()
	c.header.Set("X-Forwarded-For", ip)
	return c
}

func TestAdvisory_BA12_SpellingsOfAnAddressShareALimit(t *testing.T) {
	t.Parallel()
	for name, addresses := range map[string][]string{
		"one /64":             {"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2:a::"},
		"mapped IPv4":         {"::ffff:192.0.2.1", "::ffff:c000:201", "192.0.2.1", "0:0:0:0:0:ffff:192.0.2.1"},
		"case and zeros":      {"2001:DB8::1", "2001:db8:0:0::1", "2001:0db8:0000:0000:0000:0000:0000:0001", " 2001:db8::1 "},
		"what is no address":  {"2001:db8::1%eth0", "192.0.2.1:80", "[2001:db8::1]", "192.0.02.1"},
		"what is no address2": {"", "x", "192.0.2", "0x7f.0.0.1"},
	} {
		s := newServer(t, withLimits)
		for i, address := range addresses {
			r := s.from(address).signIn("ada@example.com", goodPassword)
			if limited := r.status == 429; limited != (i == 3) {
				t.Errorf("%s: request %d from %q answers %v", name, i+1, address, r)
			}
		}
	}
}

func TestForwardedAddressesOfStrangersAreNotBelievedBehindAProxy(t *testing.T) {
	t.Parallel()
	s := newServer(t, withLimits, func(_ *server, o *ostiary.Options) { o.ClientIP.TrustedProxies = []string{"10.0.0.0/8"} })
	for i := range 4 {
		// The connection comes from 192.0.2.10, which is no proxy.
		r := s.from(fmt.Sprintf("198.51.100.%d", i)).signIn("ada@example.com", goodPassword)
		if limited := r.status == 429; limited != (i == 3) {
			t.Errorf("request %d, made directly with an invented address, answers %v", i+1, r)
		}
	}
}

func TestAdvisory_BA35_SR_022_LimitsAreExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	for _, storage := range []core.RateLimitStorage{core.RateLimitInMemory, core.RateLimitInDatabase} {
		t.Run(string(storage), func(t *testing.T) {
			t.Parallel()
			onEveryStore(t, func(t *testing.T, store setting) {
				s := newServer(t, store, withLimits, func(_ *server, o *ostiary.Options) { o.RateLimit.Storage = storage })
				for range 2 { // the second time there are counters already
					counts := tally(parallel(200, func(int) reply { return s.client().signIn("ada@example.com", goodPassword) }))
					if counts["401 INVALID_EMAIL_OR_PASSWORD"] != 3 || counts["429"] != 197 {
						t.Errorf("200 requests at once are answered %v, want 3 and 197", counts)
					}
					s.clock.Advance(time.Minute)
				}
			})
		})
	}
}

func TestSR_023_ALimiterThatCannotCountRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite, withLimits, func(_ *server, o *ostiary.Options) { o.RateLimit.Storage = core.RateLimitInDatabase })
	if err := s.Kernel().DB.Close(); err != nil {
		t.Fatal(err)
	}
	r := s.client().signIn("ada@example.com", goodPassword)
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || s.hasher.work() != 0 {
		t.Errorf("without counters sign-in answers %v after %d hashes", r, s.hasher.work())
	}
}

func TestRulesAreLookedUpInTheirOrder(t *testing.T) {
	t.Parallel()
	s := newServer(t, withLimits, func(_ *server, o *ostiary.Options) {
		o.RateLimit.Rules = []core.RateLimitRule{
			{Path: "/ok", Window: time.Minute, Max: 1},
			{Path: "/get-*", Unlimited: true},
			{Path: "/error", Func: func(_ *http.Request, current core.RateLimitRule) core.RateLimitRule {
				if current.Max != 100 {
					t.Errorf("the rule that would hold is %+v", current)
				}
				return core.RateLimitRule{Window: time.Minute, Max: 2}
			}},
		}
	})
	c := s.client()
	allowed := func(path string, n int) int {
		count := 0
		for range n {
			if c.get(path).status != 429 {
				count++
			}
		}
		return count
	}
	if got := [3]int{allowed("/ok", 5), allowed("/get-session", 150), allowed("/error", 5)}; got != [3]int{1, 150, 2} {
		t.Errorf("allowed are %v, want [1 150 2]", got)
	}
}

func TestARuleThatForgetsItsNumbersDoesNotLiftTheLimit(t *testing.T) {
	t.Parallel()
	for _, rule := range []core.RateLimitRule{{Path: "/sign-in/email", Window: time.Minute}, {Path: "/sign-in/email", Max: 3}, {Path: "/sign-in/email", Max: -1, Window: time.Minute}, {}} {
		s := &server{t: t, clock: newClock(), mails: &outbox{}, hasher: &hasher{}, logs: &logBuffer{}}
		o := s.options()
		o.RateLimit = core.RateLimitOptions{Enabled: new(true), Rules: []core.RateLimitRule{rule}}
		if auth, err := ostiary.New(o); err == nil {
			t.Errorf("the rule %+v is accepted", rule)
			_ = auth.Close(context.Background())
		} else if !strings.Contains(err.Error(), "RateLimit.Rules") {
			t.Errorf("the error does not name the option: %v", err)
		}
	}
	s := newServer(t, withLimits, func(_ *server, o *ostiary.Options) {
		o.RateLimit.Rules = []core.RateLimitRule{{Path: "/sign-in/email", Func: func(*http.Request, core.RateLimitRule) core.RateLimitRule { return core.RateLimitRule{} }}}
	})
	c := s.client()
	for range 3 {
		c.signIn("ada@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	}
	if r := c.signIn("ada@example.com", goodPassword); r.status != 429 {
		t.Errorf("a function that returns an empty rule lifts the limit: %v", r)
	}
}

func TestHostilePathsDoNotFillTheCounters(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite, withLimits, func(_ *server, o *ostiary.Options) { o.RateLimit.Storage = core.RateLimitInDatabase })
	c := s.client()
	c.get("/" + strings.Repeat("x", 500_000))
	c.get("/reset-password/" + strings.Repeat("x", 500_000) + "?callbackURL=/")
	for _, row := range s.rows(schema.RateLimitKey) {
		if key := row.StringAt(schema.RateLimitKeyField); len(key) > 1000 {
			t.Errorf("a counter has a key of %d bytes", len(key))
		}
	}
}
