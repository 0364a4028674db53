package core

import (
	"sync"
	"time"

	"github.com/ostiary/ostiary/broadcast"
)

// news is what this node has heard of changes lately. By it an answer that is some
// seconds old, from the memory of the process or from a replica of the database, is
// told from one that has been overtaken.
//
// An answer may be used only if it was asked for after the latest change of its
// session or user was heard of: a change is told to the nodes when it can be seen
// in the store, so whoever asks later sees it.
type news struct {
	link  *broadcast.Link
	keep  time.Duration // how old an answer may be
	begun time.Time     // durations since then count, so that clocks may be set

	mu      sync.RWMutex
	changes map[subject]time.Duration // when a change was heard of
	sweepAt time.Duration
}

// moment is a point in time, and whether this node was certain then to hear of
// every change.
type moment struct {
	at    time.Duration
	epoch int64
	fresh bool
}

func newNews(link *broadcast.Link, keep time.Duration) *news {
	return &news{link: link, keep: keep, begun: time.Now(), changes: map[subject]time.Duration{}}
}

// now is taken before the store is asked.
func (n *news) now() moment {
	return moment{at: time.Since(n.begun), epoch: n.link.Epoch(), fresh: n.link.Fresh()}
}

// reaches reports whether every change between a moment and now has been heard of
// and is still known.
func (n *news) reaches(asked, now moment) bool {
	return asked.fresh && now.fresh && asked.epoch == now.epoch && now.at-asked.at < n.keep
}

// since reports whether a change of a subject was heard of at a moment or later.
func (n *news) since(asked moment, subjects ...subject) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for _, s := range subjects {
		if at, changed := n.changes[s]; changed && at >= asked.at {
			return true
		}
	}
	return false
}

// heard notes that a session or user was changed.
func (n *news) heard(s subject) {
	now := time.Since(n.begun)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changes[s] = now
	if now < n.sweepAt {
		return
	}
	n.sweepAt = now + n.keep
	for s, at := range n.changes {
		if now-at > n.keep { // no answer from before is used any more
			delete(n.changes, s)
		}
	}
}
