package core

import (
	"sync"
	"time"

	"github.com/ostiary/ostiary/broadcast"
)

// sessionMemory remembers what the store answered, for as long as the link to the
// other nodes knows that nobody has changed it. Nil remembers nothing.
//
// An answer is used only if it was asked for after the latest change of its
// session or user was heard of: a change is told to the nodes when it can be seen
// in the store, so whoever asks later sees it.
type sessionMemory struct {
	link   *broadcast.Link
	maxAge time.Duration
	begun  time.Time // durations since then count, so that clocks may be set

	answers generations[*rememberedAnswer]

	mu      sync.RWMutex
	changes map[subject]time.Duration // when a change was heard of
	sweepAt time.Duration
}

// rememberedAnswer is an identity with the moment at which it was asked for.
type rememberedAnswer struct {
	identity      Identity
	session, user subject
	asked         moment
}

// moment is a point in time at which the memory may be used.
type moment struct {
	at    time.Duration
	epoch int64
	fresh bool
}

func newSessionMemory(link *broadcast.Link, o *SessionMemoryOptions) *sessionMemory {
	return &sessionMemory{
		link: link, maxAge: o.MaxAge, begun: time.Now(), changes: map[subject]time.Duration{},
		answers: generations[*rememberedAnswer]{size: max(1, o.Sessions/2)},
	}
}

// now is taken before the store is asked.
func (m *sessionMemory) now() moment {
	return moment{at: time.Since(m.begun), epoch: m.link.Epoch(), fresh: m.link.Fresh()}
}

// get returns what is remembered of a token; nil when the store has to be asked.
// The identity is the caller's own.
func (m *sessionMemory) get(token string, now moment) *Identity {
	if m == nil || !now.fresh {
		return nil
	}
	answer, ok := m.answers.get(token)
	if !ok || answer.asked.epoch != now.epoch || now.at-answer.asked.at >= m.maxAge || m.changedSince(answer) {
		return nil
	}
	id := answer.identity.clone()
	return &id
}

func (m *sessionMemory) changedSince(answer *rememberedAnswer) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, s := range []subject{answer.session, answer.user} {
		if at, changed := m.changes[s]; changed && at >= answer.asked.at {
			return true
		}
	}
	return false
}

// put remembers an answer that was asked for at a moment.
func (m *sessionMemory) put(token string, id *Identity, asked moment) {
	if !asked.fresh {
		return
	}
	m.answers.put(token, &rememberedAnswer{
		identity: id.clone(), session: sessionSubject(token), user: userSubject(id.User.ID), asked: asked,
	})
}

// heard notes that a session or user was changed.
func (m *sessionMemory) heard(s subject) {
	now := time.Since(m.begun)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes[s] = now
	if now < m.sweepAt {
		return
	}
	m.sweepAt = now + m.maxAge
	for s, at := range m.changes {
		if now-at > m.maxAge { // no answer from before is used any more
			delete(m.changes, s)
		}
	}
}

// find returns the session of a token with its user, from the memory if that is
// allowed, else from the store.
func (c *Context) find(token string, o ReadOptions) (*Identity, error) {
	if c.memory == nil || o.SkipCache || c.outdated != 0 || c.DB.Transacting(c) {
		return c.Sessions.Find(c, token)
	}
	asked := c.memory.now()
	if id := c.memory.get(token, asked); id != nil {
		return id, nil
	}
	id, err := c.Sessions.Find(c, token)
	if id != nil {
		c.memory.put(token, id, asked)
	}
	return id, err
}
