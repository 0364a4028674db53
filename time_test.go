package ostiary_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage/memory"
)

// withSecondaryStorage keeps what may be there in a storage with the server's clock.
func withSecondaryStorage(s *server, o *ostiary.Options) {
	o.SecondaryStorage = memory.New(memory.Options{Now: s.clock.Now})
}

// jump sets the clock to a time.
func (c *clock) jump(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = to
}

func TestAClockThatJumpsBreaksNothing(t *testing.T) {
	t.Parallel()
	limits := func(storage core.RateLimitStorage) setting {
		return func(_ *server, o *ostiary.Options) {
			o.RateLimit.Enabled, o.RateLimit.Storage = new(true), storage
			o.RateLimit.Rules = []core.RateLimitRule{{Path: "/sign-in/email", Window: 10 * time.Second, Max: 3}, {Match: func(string) bool { return true }, Unlimited: true}}
		}
	}
	for name, store := range map[string][]setting{
		"database":          {onSQLite, limits(core.RateLimitInDatabase)},
		"memory":            {limits(core.RateLimitInMemory)},
		"cookie cache":      {onSQLite, withCache(core.CompactCache), limits(core.RateLimitInMemory)},
		"JWT cache":         {onSQLite, withCache(core.JWTCache), limits(core.RateLimitInMemory)},
		"secondary storage": {onSQLite, withSecondaryStorage, limits(core.RateLimitInSecondaryStorage)},
		"mirrored":          {onSQLite, withSecondaryStorage, func(_ *server, o *ostiary.Options) { o.Session.StoreInDatabase = true }, limits(core.RateLimitInSecondaryStorage)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, store...)
			start := s.clock.Now()
			s.signUp("alice@example.com")
			for _, to := range []time.Time{
				start.Add(time.Hour), start.Add(-time.Hour), time.Unix(0, 0), start,
				time.Date(2016, 12, 31, 23, 59, 59, 999e6, time.UTC), // before a leap second
				time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), start, time.Date(2100, 3, 1, 0, 0, 0, 0, time.UTC), start,
			} {
				s.clock.jump(to)
				c := s.client()
				if r := c.signIn("alice@example.com", goodPassword); r.status != 200 && r.status != 429 {
					t.Fatalf("at %v: %v", to, r)
				}
				s.clock.Advance(11 * time.Second) // a window later nobody is locked out
				c.signIn("alice@example.com", goodPassword).ok(t)
				if c.session() == nil {
					t.Fatalf("at %v there is no session", to)
				}
				c.post("/update-user", fields{"name": fmt.Sprint(to.Unix())}).ok(t)
				if got := c.session(); got == nil || got.User.Name != fmt.Sprint(to.Unix()) {
					t.Errorf("at %v the session is %v", to, got)
				}
				s.client().post("/request-password-reset", fields{"email": "alice@example.com"}).ok(t)
				s.client().post("/reset-password", fields{"token": s.mails.last(t, "reset").token, "newPassword": goodPassword}).ok(t)
				if _, err := s.CleanUp(t.Context()); err != nil {
					t.Error(err)
				}
				s.clock.Advance(8 * 24 * time.Hour) // longer than a session lives
				if c.session() != nil {
					t.Errorf("a session that began at %v does not end", to)
				}
			}
			if name != "secondary storage" { // which has no table of sessions
				s.wantWhole(t)
			}
		})
	}
}

func TestALimitThatWasReachedBeforeTheClockWentBackEnds(t *testing.T) {
	t.Parallel()
	for name, store := range map[string][]setting{
		"database": {onSQLite, func(_ *server, o *ostiary.Options) { o.RateLimit.Storage = core.RateLimitInDatabase }},
		"memory":   {func(_ *server, o *ostiary.Options) { o.RateLimit.Storage = core.RateLimitInMemory }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, append(store, withLimits)...)
			for range 4 {
				s.client().signIn("nobody@example.com", goodPassword)
			}
			s.client().signIn("nobody@example.com", goodPassword).want(t, 429, "")
			s.clock.Advance(-time.Hour)
			for range 2 { // at once, or after a window
				if s.client().signIn("nobody@example.com", goodPassword).status != 429 {
					return
				}
				s.clock.Advance(11 * time.Second)
			}
			t.Error("the limit lasts until the clock is where it was")
		})
	}
}

// The clocks of three nodes differ by half a minute each way.
func TestNodesWhoseClocksDifferAgree(t *testing.T) {
	t.Parallel()
	for name, setting := range map[string]setting{
		"memory": func(*server, *ostiary.Options) {},
		"strict cookie caches": func(_ *server, o *ostiary.Options) {
			o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strict: true}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, 3, setting)
			offsets := []time.Duration{0, 30 * time.Second, -30 * time.Second}
			for i, n := range c.nodes {
				n.clock.Advance(offsets[i])
			}
			for first := range c.nodes {
				for second := range c.nodes {
					tick := func() { // so that what follows is not at the same millisecond
						for _, n := range c.nodes {
							n.clock.Advance(time.Second)
						}
					}
					tick()
					email := fmt.Sprintf("user-%d-%d@example.com", first, second)
					here, there := c.nodes[first], c.nodes[second]
					alice := here.signUp(email)
					other := here.client()
					other.signIn(email, goodPassword).ok(t)
					if alice.at(there).session() == nil || other.at(there).session() == nil {
						t.Fatalf("from %d to %d: no session", first, second)
					}

					there.client().post("/request-password-reset", fields{"email": email}).ok(t)
					reset := fields{"token": there.mails.last(t, "reset").token, "newPassword": otherPassword}
					won := 0
					for _, r := range parallel(6, func(i int) reply { return c.nodes[i%3].client().post("/reset-password", reset) }) {
						if r.status == 200 {
							won++
						}
					}
					if won != 1 {
						t.Errorf("from %d to %d: the link worked %d times", first, second, won)
					}

					tick()
					alice.at(there).post("/update-user", fields{"name": "changed"}).ok(t)
					until(t, fmt.Sprintf("the change at %d is seen at %d", second, first), func() bool {
						got := other.at(here).session()
						return got != nil && got.User.Name == "changed"
					})
					alice.at(there).post("/revoke-other-sessions", fields{}).ok(t)
					ended(t, fmt.Sprintf("the end of one session at %d is seen at %d", second, first), other.at(here))
					keep := alice.copyOf()
					alice.at(there).post("/revoke-sessions", fields{}).ok(t)
					ended(t, fmt.Sprintf("the end of all sessions at %d is seen at %d", second, first), keep.at(here))
				}
			}
			c.nodes[0].wantWhole(t)
		})
	}
}

// Caches are compared by update times, so those have to grow also when clocks do not.
func TestAChangeOfAUserIsSeenAlthoughTheClockWasTurnedBack(t *testing.T) {
	t.Parallel()
	s := newServer(t, withCache(core.CompactCache))
	alice := s.signUp("alice@example.com")
	other := s.client()
	other.signIn("alice@example.com", goodPassword).ok(t)
	other.session() // from a cache that says when the user was changed
	s.clock.Advance(-30 * time.Second)
	alice.post("/update-user", fields{"name": "changed"}).ok(t)
	if got := other.session(); got == nil || got.User.Name != "changed" {
		t.Errorf("the other device sees %+v", got)
	}
}

func TestDatesThatAreFarAway(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.User.Fields = []schema.Field{{Name: "born", Type: schema.Date, Optional: true}}
		})
		c := s.signUp("alice@example.com")
		for text, kept := range map[string]bool{
			"2038-01-19T03:14:08.000Z": true, "2100-02-28T23:59:59.999Z": true, "1900-01-01T00:00:00.000Z": true, "1969-12-31T23:59:59.999Z": true, "9999-12-31T23:59:59.999Z": true,
			"10000-01-01T00:00:00.000Z": false, "+275760-09-13T00:00:00.000Z": false, "-000001-01-01T00:00:00.000Z": false, "2023-02-30T00:00:00.000Z": false, "never": false,
		} {
			r := c.post("/update-user", fields{"born": text})
			if kept && !(r.status == 400 && strings.HasSuffix(t.Name(), "/mariadb")) { // whose timestamps end in 2038, or 2106
				r.ok(t)
				if got := c.get("/get-session").ok(t); !strings.Contains(got.body, text) {
					t.Errorf("%s: %v", text, got)
				}
			} else if r.status != 400 {
				t.Errorf("%s: %v", text, r)
			}
		}
	})
}
