package core

import "time"

// cacheMemory remembers cookie caches that were opened and found to be ours, by
// their exact text, so that a browser that sends the same cookie again and again
// has it verified and decoded once. What an opened cache may be used for depends
// on the time and is decided anew each time.
type cacheMemory struct{ opened generations[openedCache] }

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

func newCacheMemory() *cacheMemory {
	return &cacheMemory{generations[openedCache]{size: generationSize}}
}

// get returns an opened cache. The identity is the caller's own.
func (m *cacheMemory) get(text string) (openedCache, bool) {
	found, ok := m.opened.get(text)
	found.identity = found.identity.clone()
	return found, ok
}

func (m *cacheMemory) put(text string, opened openedCache) {
	if len(text) > maxRemembered {
		return
	}
	opened.identity = opened.identity.clone()
	m.opened.put(text, opened)
}
