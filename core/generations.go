package core

import "sync"

// generations is a bounded memory. When its younger generation is full it becomes
// the elder one, and the elder is forgotten. So what is in use stays.
type generations[V any] struct {
	size int // of a generation

	mu           sync.RWMutex
	young, elder map[string]V
}

func (g *generations[V]) get(key string) (V, bool) {
	g.mu.RLock()
	found, ok := g.young[key]
	old := false
	if !ok {
		found, ok = g.elder[key]
		old = ok
	}
	g.mu.RUnlock()
	if old {
		g.put(key, found)
	}
	return found, ok
}

func (g *generations[V]) put(key string, value V) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.young == nil || len(g.young) >= g.size {
		g.young, g.elder = make(map[string]V), g.young
	}
	g.young[key] = value
}
