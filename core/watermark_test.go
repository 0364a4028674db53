package core

import (
	"fmt"
	"testing"
	"time"

	"github.com/ostiary/ostiary/api"
)

func marksAt(now *time.Time, stateful bool) *watermarks {
	c := &Config{Now: func() time.Time { return *now }}
	c.Session.CookieCache.Enabled, c.Session.CookieCache.MaxAge = true, 5*time.Minute
	return newWatermarks(c, stateful)
}

func cachedAt(at time.Time) *Identity {
	return &Identity{
		Session: Session{Session: api.Session{Token: "token", CreatedAt: at, UpdatedAt: at}},
		User:    User{User: api.User{ID: "user", UpdatedAt: at}},
	}
}

func TestACacheBelowAWatermarkIsNotUsed(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later := begin.Add(time.Millisecond).UnixMilli()
	for _, test := range []struct {
		name    string
		subject subject
		mark    mark
		want    int64
	}{
		{"an update of the session", sessionSubject("token"), mark{revision: later}, later},
		{"an update that the cache has", sessionSubject("token"), mark{revision: begin.UnixMilli()}, 0},
		{"an update of another session", sessionSubject("other"), mark{revision: later}, 0},
		{"an update of the user", userSubject("user"), mark{revision: later}, later},
		{"an update of another user", userSubject("token"), mark{revision: later}, 0},
		{"the end of the session", sessionSubject("token"), mark{revision: revokedRevision}, revokedRevision},
		{"the end of all sessions", userSubject("user"), mark{revoked: begin.UnixMilli()}, revokedRevision},
		{"the end of those before", userSubject("user"), mark{revoked: begin.UnixMilli() - 1}, 0},
	} {
		now := begin
		w := marksAt(&now, true)
		w.raise(test.subject, test.mark)
		w.raise(test.subject, mark{revision: 1}) // never lowers it
		if got := w.above(cachedAt(begin)); got != test.want {
			t.Errorf("%s: watermark %d, want %d", test.name, got, test.want)
		}
	}
}

func TestAWatermarkIsLoweredToWhatTheStoreSays(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := begin
	w := marksAt(&now, true)
	ahead := begin.Add(time.Hour).UnixMilli()
	w.raise(sessionSubject("token"), mark{revision: ahead})
	w.settle(cachedAt(begin), ahead-1)
	if w.above(cachedAt(begin)) != ahead {
		t.Error("a watermark that was raised since is lowered")
	}
	w.settle(cachedAt(begin), ahead)
	if w.above(cachedAt(begin)) != 0 {
		t.Error("what the store has is never accepted")
	}
}

func TestWatermarksAreForgottenWithTheCachesTheyAreAbout(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := marksAt(&now, true)
	for i := range 1000 {
		w.raise(userSubject(fmt.Sprint(i)), mark{revision: now.UnixMilli()})
		now = now.Add(time.Second)
	}
	if n := len(w.marks); n > 500 {
		t.Errorf("%d watermarks are kept, of which at most 420 can matter", n)
	}
	off := marksAt(&now, false)
	off.raise(userSubject("user"), mark{revision: 1})
	if len(off.marks) != 0 {
		t.Error("watermarks are kept where cookies are the store")
	}
}
