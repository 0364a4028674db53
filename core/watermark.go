package core

import (
	"crypto/sha256"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// watermarks say which cookie caches are older than a change that this process
// made or was told of: of a session, of its user, or by ending sessions. A cache below the
// watermark is not used; the store is asked, and the cache written anew. So a
// change reaches every device with its next request although caches are on.
//
// A cache is compared by the update times of the session and user in it, not by
// the time at which it was written: one written just after a change, from what
// was read just before, is found out too.
//
// Watermarks are needed as long as a cache that they concern can live, so their
// number is bounded by what changes within that time.
type watermarks struct {
	now  func() time.Time
	keep time.Duration // 0: there are no caches, and nothing is kept

	count   atomic.Int64
	mu      sync.RWMutex
	marks   map[subject]mark
	sweepAt time.Time
}

// mark is a watermark, in milliseconds since 1970.
type mark struct {
	revision int64 // the update time that a cache must have at least
	revoked  int64 // sessions begun until then have ended; of users only
	until    time.Time
}

// ends reports whether the mark ends sessions.
func (m mark) ends() bool { return m.revision == revokedRevision || m.revoked != 0 }

// revokedRevision is the revision of a session that has ended: no cache has it.
const revokedRevision = math.MaxInt64

// latecomers is how long a response that was begun before a change may take to
// write a cache.
const latecomers = time.Minute

func sessionSubject(token string) subject { return sha256.Sum256([]byte("session " + token)) }

func userSubject(id string) subject { return sha256.Sum256([]byte("user " + id)) }

func newWatermarks(c *Config, stateful bool) *watermarks {
	w := &watermarks{now: c.Now, marks: map[subject]mark{}}
	if stateful && c.Session.CookieCache.Enabled {
		w.keep = c.Session.CookieCache.MaxAge + latecomers
	}
	return w
}

// raise makes caches of a subject that are below the mark unusable. It never
// lowers a watermark.
func (w *watermarks) raise(s subject, m mark) {
	if w.keep == 0 {
		return
	}
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sweep(now)
	had := w.marks[s]
	w.marks[s] = mark{revision: max(had.revision, m.revision), revoked: max(had.revoked, m.revoked), until: now.Add(w.keep)}
	w.count.Store(int64(len(w.marks)))
}

// sweep forgets the watermarks that no cache can be below any more.
func (w *watermarks) sweep(now time.Time) {
	if now.Before(w.sweepAt) {
		return
	}
	w.sweepAt = now.Add(latecomers)
	for s, m := range w.marks {
		if m.until.Before(now) {
			delete(w.marks, s)
		}
	}
}

// above returns the revision of the watermark that a cached identity is below;
// 0 when the identity may be used.
func (w *watermarks) above(id *Identity) int64 {
	if w.count.Load() == 0 {
		return 0
	}
	session, user := sessionSubject(id.Session.Token), userSubject(id.User.ID)
	w.mu.RLock()
	ofSession, ofUser := w.marks[session], w.marks[user]
	w.mu.RUnlock()
	switch {
	case id.Session.UpdatedAt.UnixMilli() < ofSession.revision:
		return ofSession.revision
	case id.User.UpdatedAt.UnixMilli() < ofUser.revision:
		return ofUser.revision
	case ofUser.revoked != 0 && id.Session.CreatedAt.UnixMilli() <= ofUser.revoked:
		return revokedRevision
	}
	return 0
}

// settle lowers the watermarks of an identity that was read from the store to
// what the store says, unless they were raised since seen was: the store may hold
// an earlier update time, for example after the clock was turned back.
func (w *watermarks) settle(id *Identity, seen int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for s, stored := range map[subject]time.Time{sessionSubject(id.Session.Token): id.Session.UpdatedAt, userSubject(id.User.ID): id.User.UpdatedAt} {
		if m, ok := w.marks[s]; ok && m.revision == seen && stored.UnixMilli() < seen {
			m.revision = stored.UnixMilli()
			w.marks[s] = m
		}
	}
}
