// Package broadcasttest is the suite that every [broadcast.Channel] passes.
package broadcasttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ostiary/ostiary/broadcast"
)

// patience is how long the suite waits for what must happen.
const patience = 30 * time.Second

// Options say how the suite gets its channels.
type Options struct {
	// Open returns two ends of one channel on which nobody else speaks, as two
	// processes would have them. Required.
	Open func(t *testing.T) (one, two broadcast.Channel)
	// Cut makes every subscription of the channel that was opened last fail, as
	// when its server is restarted. Nil leaves the tests of that out.
	Cut func(t *testing.T)
}

// Run runs the suite.
func Run(t *testing.T, o Options) {
	t.Run("every subscriber receives every message in order", func(t *testing.T) { testOrder(t, o) })
	t.Run("what was published one after the other arrives so", func(t *testing.T) { testHappenedBefore(t, o) })
	t.Run("messages arrive as they are", func(t *testing.T) { testContent(t, o) })
	t.Run("a subscription ends with its context", func(t *testing.T) { testCancel(t, o) })
	t.Run("nothing is published for a context that has ended", func(t *testing.T) { testCancelled(t, o) })
	if o.Cut != nil {
		t.Run("a lost connection is reported", func(t *testing.T) { testCut(t, o) })
	}
}

// subscription is a subscriber with what it has received.
type subscription struct {
	t       *testing.T
	cancel  context.CancelFunc
	ended   chan error
	arrived chan string
}

func subscribe(t *testing.T, c broadcast.Channel) *subscription {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &subscription{t: t, cancel: cancel, ended: make(chan error, 1), arrived: make(chan string, 10_000)}
	ready := make(chan struct{})
	go func() { s.ended <- c.Subscribe(ctx, func() { close(ready) }, func(m string) { s.arrived <- m }) }()
	select {
	case <-ready:
	case err := <-s.ended:
		t.Fatalf("subscribe: %v", err)
	case <-time.After(patience):
		t.Fatal("never ready")
	}
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-s.ended:
			if err == nil {
				t.Error("the subscription ended without a reason")
			}
		case <-time.After(patience):
			t.Error("the subscription does not end")
		}
	})
	return s
}

func (s *subscription) next() string {
	s.t.Helper()
	select {
	case m := <-s.arrived:
		return m
	case <-time.After(patience):
		s.t.Fatal("a message did not arrive")
		return ""
	}
}

func publish(t *testing.T, c broadcast.Channel, message string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Publish(ctx, message); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

func testOrder(t *testing.T, o Options) {
	one, two := o.Open(t)
	subscribers := []*subscription{subscribe(t, one), subscribe(t, two), subscribe(t, two)}
	const each = 100
	var publishers sync.WaitGroup
	for name, c := range map[string]broadcast.Channel{"one": one, "two": two} {
		publishers.Go(func() {
			for i := range each {
				publish(t, c, fmt.Sprintf("%s %d", name, i))
			}
		})
	}
	publishers.Wait()
	var first []string
	for at, s := range subscribers {
		next := map[string]int{}
		for i := range 2 * each {
			message := s.next()
			var name string
			var n int
			if _, err := fmt.Sscan(message, &name, &n); err != nil || n != next[name] {
				t.Fatalf("subscriber %d received %q, want number %d", at, message, next[name])
			}
			next[name]++
			if at == 0 {
				first = append(first, message)
			} else if first[i] != message {
				t.Fatalf("subscriber %d received %q as number %d, another %q", at, message, i, first[i])
			}
		}
	}
}

func testHappenedBefore(t *testing.T, o Options) {
	one, two := o.Open(t)
	s := subscribe(t, one)
	for i := range 50 {
		publish(t, one, fmt.Sprintf("first %d", i))
		publish(t, two, fmt.Sprintf("second %d", i))
		if a, b := s.next(), s.next(); a != fmt.Sprintf("first %d", i) || b != fmt.Sprintf("second %d", i) {
			t.Fatalf("received %q, then %q", a, b)
		}
	}
}

func testContent(t *testing.T, o Options) {
	one, two := o.Open(t)
	s := subscribe(t, two)
	for _, message := range []string{"plain", "it's; select 1 -- \"quoted\" $1 %s \\n", "línea ✓ 🦭", strings.Repeat("x", broadcast.MaxMessage)} {
		publish(t, one, message)
		if got := s.next(); got != message {
			t.Errorf("received %q, want %q", got, message)
		}
	}
}

func testCancel(t *testing.T, o Options) {
	one, _ := o.Open(t)
	s := subscribe(t, one)
	s.cancel()
	select {
	case err := <-s.ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		s.ended <- err // for the clean-up
	case <-time.After(patience):
		t.Error("the subscription does not end")
	}
}

func testCancelled(t *testing.T, o Options) {
	one, two := o.Open(t)
	s := subscribe(t, two)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := one.Publish(ctx, "late"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	publish(t, one, "next")
	if got := s.next(); got != "next" {
		t.Errorf("received %q", got)
	}
}

func testCut(t *testing.T, o Options) {
	one, two := o.Open(t)
	s := subscribe(t, one)
	o.Cut(t)
	select {
	case err := <-s.ended:
		if err == nil {
			t.Error("the loss is no error")
		}
		s.ended <- err
	case <-time.After(patience):
		t.Fatal("the loss was not noticed")
	}
	again := subscribe(t, one)
	publish(t, two, "after")
	if got := again.next(); got != "after" {
		t.Errorf("received %q", got)
	}
}
