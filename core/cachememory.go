package core

import (
	"maps"
	"sync"
	"time"
)

// cacheMemory remembers cookie caches that were opened and found to be ours, by
// their exact text, so that a browser that sends the same cookie again and again
// has it verified and decoded once. What an opened cache may be used for depends
// on the time and is decided anew each time.
//
// It has two generations: when the younger is full it becomes the elder, and the
// elder is forgotten. So its memory is bounded, and what is in use stays.
type cacheMemory struct {
	mu           sync.RWMutex
	young, elder map[string]openedCache
}

// openedCache is what a cookie cache holds.
type openedCache struct {
	identity Identity
	version  string
	expires  time.Time
}

const (
	generationSize = 2048
	maxRemembered  = 4096 // bytes of cookie text; larger ones are not remembered
)

// get returns an opened cache. The identity is the caller's own.
func (m *cacheMemory) get(text string) (openedCache, bool) {
	m.mu.RLock()
	found, ok := m.young[text]
	old := false
	if !ok {
		found, ok = m.elder[text]
		old = ok
	}
	m.mu.RUnlock()
	if old {
		m.put(text, found)
	}
	return found.clone(), ok
}

// clone returns a copy whose maps are its own.
func (o openedCache) clone() openedCache {
	id := &o.identity
	id.Session.Extra, id.User.Extra = maps.Clone(id.Session.Extra), maps.Clone(id.User.Extra)
	return o
}

func (m *cacheMemory) put(text string, opened openedCache) {
	if len(text) > maxRemembered {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= generationSize {
		m.young, m.elder = make(map[string]openedCache), m.young
	}
	m.young[text] = opened.clone()
}
