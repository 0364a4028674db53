package ostiary_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
)

// readable returns all that can be read from a cookie value without a key.
func readable(value string) string {
	all := value
	if plain, err := url.PathUnescape(value); err == nil {
		all += plain
	}
	for part := range strings.SplitSeq(value, ".") {
		if text, err := base64.RawURLEncoding.DecodeString(part); err == nil {
			all += string(text)
		}
	}
	return all
}

var strategies = []core.CacheStrategy{core.CompactCache, core.JWTCache, core.JWECache}

func TestTheCacheIsOnlyUsedWithTheTokenThatItIsFor(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		s := newServer(t, onSQLite, withCache(strategy))
		c := s.signUp("ada@example.com")
		old := c.copyOf()
		c.signIn("ada@example.com", goodPassword).ok(t)
		mixed := c.copyOf()
		for _, k := range old.cookies() {
			if k.Name == cacheCookie {
				mixed.setCookie(k.Name, k.Value)
			}
		}
		r := mixed.get("/get-session")
		if got, want := mixed.sessionOf(r).Session.Token, c.session().Session.Token; got != want {
			t.Errorf("%s: the session is that of the cache", strategy)
		}
		if r.cookie(cacheCookie) == nil {
			t.Errorf("%s: the cache of another session is kept", strategy)
		}
		for _, k := range c.cookies() {
			if k.Name == cacheCookie {
				alone := s.client()
				alone.setCookie(k.Name, k.Value)
				if alone.session() != nil {
					t.Errorf("%s: a cache without token signs in", strategy)
				}
			}
		}
	}
}

func TestACacheThatWasTamperedWithIsIgnored(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		s := newServer(t, onSQLite, withCache(strategy))
		c := s.signUp("ada@example.com")
		for _, k := range c.cookies() {
			if k.Name != cacheCookie {
				continue
			}
			for i := 0; i < len(k.Value); i += 7 {
				bent := []byte(k.Value)
				if bent[i] = 'A'; k.Value[i] == 'A' {
					bent[i] = 'B'
				}
				forger := c.copyOf()
				forger.setCookie(cacheCookie, string(bent))
				if got := forger.session(); got == nil || got.User.Email != "ada@example.com" || got.User.Name != "Somebody" {
					t.Fatalf("%s: with character %d changed the session is %+v", strategy, i, got)
				}
			}
		}
	}
}

func TestCacheGarbageIsReplaced(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		s := newServer(t, onSQLite, withCache(strategy))
		c := s.signUp("ada@example.com")
		for _, garbage := range []string{
			"x", "%00", "%E0%A4%A", "e30", "bnVsbA", "W10", "a.b.c", "a.b.c.d.e", "..", "....", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJub25lIn0.eyJzZXNzaW9uIjp7fX0.",
			base64.RawURLEncoding.EncodeToString([]byte(`{"session":null,"expiresAt":1e309,"signature":""}`)),
			base64.RawURLEncoding.EncodeToString([]byte(`{"session":{"session":{},"user":{}},"expiresAt":99999999999999,"signature":"AA"}`)),
			base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("[", 100_000))),
			strings.Repeat("A", 3000),
		} {
			forger := c.copyOf()
			forger.setCookie(cacheCookie, garbage)
			r := forger.get("/get-session")
			if got := forger.sessionOf(r); got == nil || got.User.Email != "ada@example.com" {
				t.Errorf("%s: with the cache %.40q the session is %+v", strategy, garbage, got)
			}
			if k := r.cookie(cacheCookie); k == nil || k.Value == garbage || k.MaxAge < 0 {
				t.Errorf("%s: the cache %.40q is not replaced: %v", strategy, garbage, r.header["Set-Cookie"])
			}
		}
	}
}

func TestANewCacheVersionInvalidatesCachesButSignsNobodyOut(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		first := newServer(t, onSQLite, withCache(strategy))
		c := first.signUp("ada@example.com")
		second := newServer(t, withCache(strategy), func(_ *server, o *ostiary.Options) {
			o.Database, o.Session.CookieCache.Version = first.Kernel().DB.Adapter(), "2"
		})
		moved := second.client()
		for _, k := range c.cookies() {
			moved.setCookie(k.Name, k.Value)
		}
		r := moved.get("/get-session")
		if moved.sessionOf(r) == nil {
			t.Errorf("%s: signed out", strategy)
		}
		if k := r.cookie(cacheCookie); k == nil || k.MaxAge < 0 {
			t.Errorf("%s: the cache was not written anew: %v", strategy, r.header["Set-Cookie"])
		}
	}
}

func TestLargeCachesAreSpreadOverCookiesAndComeTogetherAgain(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		s := newServer(t, onSQLite, withCache(strategy))
		c := s.signUp("ada@example.com")
		image := "https://img.example.com/" + strings.Repeat("x/", 5000)
		c.post("/update-user", fields{"image": image}).ok(t)
		chunks := 0
		for _, k := range c.cookies() {
			if strings.HasPrefix(k.Name, cacheCookie+".") {
				chunks++
			}
			if len(k.Name)+len(k.Value) > 4096 {
				t.Errorf("%s: cookie %s has %d bytes", strategy, k.Name, len(k.Value))
			}
		}
		if chunks < 3 {
			t.Fatalf("%s: %d chunks", strategy, chunks)
		}
		// The store is told apart from the cache by a row that is gone.
		stale := c.copyOf()
		c.post("/revoke-sessions", nil).ok(t)
		if got := stale.session(); got == nil || got.User.Image == nil || *got.User.Image != image {
			t.Errorf("%s: the chunks do not make a cache", strategy)
		}
		c.signIn("ada@example.com", goodPassword).ok(t)
		r := c.post("/update-user", fields{"image": nil}).ok(t)
		gone := 0
		for _, k := range (&http.Response{Header: r.header}).Cookies() {
			if strings.HasPrefix(k.Name, cacheCookie+".") && k.MaxAge < 0 {
				gone++
			}
		}
		if gone < 3 {
			t.Errorf("%s: chunks stay when the cache shrinks: %d of them deleted", strategy, gone)
		}
		if c.session() == nil {
			t.Errorf("%s: signed out by shrinking", strategy)
		}
	}
}

func TestACacheOfMoreThanAHundredCookiesIsNotWritten(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite, withCache(core.CompactCache))
	c := s.signUp("ada@example.com")
	r := c.post("/update-user", fields{"image": strings.Repeat("x", 450_000)}).ok(t)
	for _, k := range (&http.Response{Header: r.header}).Cookies() {
		if strings.HasPrefix(k.Name, cacheCookie) && k.MaxAge >= 0 {
			t.Fatalf("the cookie %s was written", k.Name)
		}
	}
	if c.session() == nil {
		t.Error("signed out")
	}
	if !strings.Contains(s.logs.String(), "too large for the cookie cache") {
		t.Error("nothing in the log")
	}
}

func TestTheCacheIsUsedUntilItIsTooOld(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		s := newServer(t, onSQLite, withCache(strategy))
		c := s.signUp("ada@example.com")
		stale := c.copyOf()
		c.post("/revoke-sessions", nil).ok(t)
		s.clock.Advance(5*time.Minute - time.Second)
		if stale.session() == nil {
			t.Errorf("%s: the cache is not used for its five minutes", strategy)
		}
		// Tokens have 15 seconds of tolerance where Better Auth has it.
		s.clock.Advance(17 * time.Second)
		if stale.session() != nil {
			t.Errorf("%s: the cache is used for longer", strategy)
		}
	}
}

func TestCacheCookiesLeftFromBeforeAreDeleted(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.signUp("ada@example.com")
	for _, name := range []string{cacheCookie, cacheCookie + ".0", cacheCookie + ".1"} {
		c.setCookie(name, "left")
	}
	r := c.get("/get-session").ok(t)
	for _, name := range []string{cacheCookie, cacheCookie + ".0", cacheCookie + ".1"} {
		if k := r.cookie(name); k == nil || k.MaxAge >= 0 {
			t.Errorf("%s is not deleted", name)
		}
	}
}
