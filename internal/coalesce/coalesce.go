// Package coalesce lets questions that wait at the same time travel together.
package coalesce

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Lanes is how many trips of a [Group] are under way at once. Two keep whoever
// answers at work while an answer is being read.
const Lanes = 2

const (
	// maxKeys bounds the keys of one trip.
	maxKeys = 64
	// tripTimeout bounds a trip that is made for several callers, which none of
	// them can cancel alone.
	tripTimeout = 10 * time.Second
)

// Group asks for the values of keys, for many goroutines, where each question is a
// round trip. Few are under way at once, and what is asked for meanwhile travels
// together with the next: several keys in one trip, and the same key once. So who
// is busy is asked fewer questions, and who is idle is asked at once.
//
// An answer is never older than its question: a caller joins only trips that have
// not begun. It owns no goroutine: one of those who wait makes the trip for all.
//
// Its exported fields are set before the first use.
type Group[V any] struct {
	// One asks for one key, for one caller.
	One func(ctx context.Context, key string) (V, error)
	// Many asks for several different keys and returns their values in the same
	// order. It is not cancelled with the request of any caller.
	Many func(ctx context.Context, keys []string) ([]V, error)

	mu      sync.Mutex
	running int
	queue   []*trip[V] // what waits for a lane; the last one is being filled
}

// trip is a question that has not been asked, or whose answer is being waited for.
type trip[V any] struct {
	keys    []string // distinct
	members int      // those who wait for it
	begin   chan struct{}
	done    chan struct{}
	values  []V
	err     error
}

var errFailed = errors.New("the question that this one travelled with failed")

// Get returns the value of a key, and whether other callers have been given the
// same value.
func (g *Group[V]) Get(ctx context.Context, key string) (value V, shared bool, err error) {
	t, at := g.enter(key)
	if t == nil {
		defer g.leave()
		value, err = g.One(ctx, key)
		return value, false, err
	}
	select {
	case <-t.begin:
		g.run(ctx, t)
	case <-t.done:
	case <-ctx.Done():
		g.abandon(t)
		return value, false, fmt.Errorf("while others were answered: %w", ctx.Err())
	}
	if t.err != nil {
		return value, false, t.err
	}
	return t.values[at], true, nil
}

// enter takes a free lane and returns nil, or joins a trip that waits for one and
// returns the position of the key in it.
func (g *Group[V]) enter(key string) (*trip[V], int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running < Lanes {
		g.running++
		return nil, 0
	}
	for _, t := range g.queue {
		if at := slices.Index(t.keys, key); at >= 0 {
			t.members++
			return t, at
		}
	}
	if n := len(g.queue); n == 0 || len(g.queue[n-1].keys) >= maxKeys {
		g.queue = append(g.queue, &trip[V]{begin: make(chan struct{}, 1), done: make(chan struct{})})
	}
	t := g.queue[len(g.queue)-1]
	t.keys = append(t.keys, key)
	t.members++
	return t, len(t.keys) - 1
}

// leave gives the caller's lane to the trip that has waited longest.
func (g *Group[V]) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.running--
		return
	}
	next := g.queue[0]
	g.queue = slices.Delete(g.queue, 0, 1)
	next.begin <- struct{}{}
}

// abandon takes a member out of a trip. The last one sees to it that neither the
// trip nor the lane that it may have been given is left behind.
func (g *Group[V]) abandon(t *trip[V]) {
	g.mu.Lock()
	t.members--
	deserted := t.members == 0
	if at := slices.Index(g.queue, t); deserted && at >= 0 {
		g.queue = slices.Delete(g.queue, at, at+1)
	}
	g.mu.Unlock()
	if !deserted {
		return
	}
	select {
	case <-t.begin:
		g.leave()
	default:
	}
}

// run makes a trip and hands out what it brought. It is not cancelled with the
// request of the one who makes it, since others wait for it.
func (g *Group[V]) run(ctx context.Context, t *trip[V]) {
	t.err = errFailed // unless it returns
	defer g.leave()
	defer close(t.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tripTimeout)
	defer cancel()
	if len(t.keys) > 1 {
		t.values, t.err = g.Many(ctx, t.keys)
		return
	}
	value, err := g.One(ctx, t.keys[0])
	t.values, t.err = []V{value}, err
}

// Load returns how many trips are under way, how many wait, and how many callers
// wait for those.
func (g *Group[V]) Load() (running, waiting, members int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.queue {
		members += t.members
	}
	return g.running, len(g.queue), members
}
