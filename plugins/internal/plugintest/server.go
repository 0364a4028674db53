// Package plugintest drives a server from tests of plugins the way a browser
// does, through its HTTP surface.
package plugintest

import (
	"context"
	"crypto/subtle"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
)

// Origin is the origin of the server.
const Origin = "http://localhost:3000"

// Password is the password of users that [Browser.SignUp] makes.
const Password = "correct horse battery"

// Server is a server with a clock of its own. Its database is in memory, its
// rate limits are off, and its password hash is cheap.
type Server struct {
	Auth  *ostiary.Auth
	Clock *Clock
}

// New starts a server; configure may be nil.
func New(t testing.TB, configure func(o *ostiary.Options)) *Server {
	t.Helper()
	clock := NewClock()
	off := false
	o := ostiary.Options{
		BaseURL: ostiary.StaticURL(Origin), Secret: "plugintest-secret-0123456789-abcdefghijklmnopqrstuvwxyz",
		Development: true, Database: memory.New(), RateLimit: core.RateLimitOptions{Enabled: &off},
		Logger:   slog.New(slog.NewTextHandler(io.Discard, nil)),
		Advanced: ostiary.AdvancedOptions{Now: clock.Now},
	}
	o.EmailAndPassword.Enabled = true
	o.EmailAndPassword.Hasher = cheap{}
	if configure != nil {
		configure(&o)
	}
	auth, err := ostiary.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &Server{Auth: auth, Clock: clock}
}

// Clock is a clock that tests move forward.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock as [New] gives one to a server that is not given
// another one.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cheap is a hash that costs nothing.
type cheap struct{}

func (cheap) Hash(_ context.Context, password string) (string, error) {
	return "cheap:" + password, nil
}

func (cheap) Verify(_ context.Context, hash, password string) (bool, error) {
	return subtle.ConstantTimeCompare([]byte(hash), []byte("cheap:"+password)) == 1, nil
}
