package broadcast

import (
	"context"
	"errors"
	"sync"
)

// Hub is a [Channel] within one process. The zero Hub is ready to use.
type Hub struct {
	mu          sync.Mutex
	subscribers map[*subscriber]bool
	down        error
}

// subscriber is a queue that does not end: a hub must not wait for anybody.
type subscriber struct {
	mu      sync.Mutex
	waiting []string
	wake    chan struct{}
	lost    chan error
}

// Publish implements [Channel].
func (h *Hub) Publish(ctx context.Context, message string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down != nil {
		return h.down
	}
	for s := range h.subscribers {
		s.add(message)
	}
	return nil
}

func (s *subscriber) add(message string) {
	s.mu.Lock()
	s.waiting = append(s.waiting, message)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Subscribe implements [Channel].
func (h *Hub) Subscribe(ctx context.Context, ready func(), receive func(message string)) error {
	s := &subscriber{wake: make(chan struct{}, 1), lost: make(chan error, 1)}
	if err := h.add(s); err != nil {
		return err
	}
	defer h.remove(s)
	ready()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.lost:
			return err
		case <-s.wake:
		}
		s.mu.Lock()
		messages := s.waiting
		s.waiting = nil
		s.mu.Unlock()
		for _, m := range messages {
			receive(m)
		}
	}
}

func (h *Hub) add(s *subscriber) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down != nil {
		return h.down
	}
	if h.subscribers == nil {
		h.subscribers = map[*subscriber]bool{}
	}
	h.subscribers[s] = true
	return nil
}

func (h *Hub) remove(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subscribers, s)
}

// ErrDown is what a [Hub] answers while it has been taken down.
var ErrDown = errors.New("broadcast: the channel is down")

// TakeDown makes the hub fail, as a channel whose server is gone: subscribers are
// told that they lost the connection, and messages are refused until [Hub.BringUp].
// It is for tests.
func (h *Hub) TakeDown() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = ErrDown
	for s := range h.subscribers {
		s.lost <- ErrDown
		delete(h.subscribers, s)
	}
}

// BringUp ends [Hub.TakeDown].
func (h *Hub) BringUp() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = nil
}
