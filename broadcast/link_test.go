package broadcast_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ostiary/ostiary/broadcast"
)

const (
	lease = 100 * time.Millisecond
	keep  = 2 * time.Second
)

// wire is a node's way to a hub, which tests can cut in either direction.
type wire struct {
	hub *broadcast.Hub

	mu   sync.Mutex
	mute bool     // nothing that the node says is taken
	deaf bool     // nothing arrives for the time being, and nobody notices
	held []string // what has not arrived yet
}

var errCut = errors.New("the wire is cut")

func (w *wire) set(mute, deaf bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mute, w.deaf = mute, deaf
}

func (w *wire) Publish(ctx context.Context, message string) error {
	w.mu.Lock()
	mute := w.mute
	w.mu.Unlock()
	if mute {
		return errCut
	}
	return w.hub.Publish(ctx, message)
}

func (w *wire) Subscribe(ctx context.Context, ready func(), receive func(string)) error {
	w.mu.Lock()
	w.held = nil
	w.mu.Unlock()
	return w.hub.Subscribe(ctx, ready, func(message string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.held = append(w.held, message)
		if w.deaf {
			return
		}
		for _, m := range w.held {
			receive(m)
		}
		w.held = nil
	})
}

// node is a link over a wire, with what it was told.
type node struct {
	*broadcast.Link
	wire *wire
	stop context.CancelFunc

	mu   sync.Mutex
	news []string
}

func (n *node) told() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.news...)
}

// start makes a node that runs until the test ends or its stop is called.
func start(t *testing.T, hub *broadcast.Hub) *node {
	n := &node{wire: &wire{hub: hub}}
	n.Link = broadcast.NewLink(n.wire, broadcast.LinkOptions{Lease: lease, Keep: keep, Receive: func(m string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.news = append(n.news, m)
	}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	n.stop = func() { cancel(); <-ended }
	go func() { defer close(ended); n.Run(ctx) }()
	t.Cleanup(n.stop)
	return n
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble
	synctest.Wait()
}

func TestALinkIsFreshWhenItHasListenedLongEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, new(broadcast.Hub))
		if n.Fresh() {
			t.Error("fresh before it was connected")
		}
		pass(lease)
		if n.Fresh() {
			t.Error("fresh before it can have heard the others")
		}
		pass(2 * lease)
		if !n.Fresh() || !n.Connected() || n.Unbroken() < 2*lease {
			t.Error("not fresh")
		}
		pass(time.Minute)
		if !n.Fresh() {
			t.Error("no longer fresh")
		}
	})
}

func TestNewsArriveEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := new(broadcast.Hub)
		a, b := start(t, hub), start(t, hub)
		pass(4 * lease)
		if err := a.Announce(t.Context(), "hello world"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, n := range []*node{a, b} {
			if got := n.told(); len(got) != 1 || got[0] != "hello world" {
				t.Errorf("was told %q", got)
			}
		}
		if err := a.Announce(t.Context(), strings.Repeat("x", broadcast.MaxMessage)); err == nil {
			t.Error("a message that not every channel can carry was taken")
		}
	})
}

func TestALostConnectionStartsAnotherEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := new(broadcast.Hub)
		n := start(t, hub)
		pass(4 * lease)
		before := n.Epoch()
		hub.TakeDown()
		synctest.Wait()
		if n.Fresh() || n.Connected() || n.Unbroken() != 0 || n.Epoch() == before {
			t.Error("the loss was not noticed at once")
		}
		hub.BringUp()
		pass(10 * time.Second)
		if !n.Fresh() || n.Epoch() == before {
			t.Error("did not recover")
		}
	})
}

func TestADeafNodeNoticesWithinTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, new(broadcast.Hub))
		pass(4 * lease)
		n.wire.set(false, true)
		pass(lease + time.Millisecond)
		if n.Fresh() || n.Connected() {
			t.Error("fresh although nothing arrives")
		}
	})
}

func TestAnAnnouncementWaitsUntilTheOthersHaveNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := new(broadcast.Hub)
		a, b := start(t, hub), start(t, hub)
		pass(4 * lease)
		a.wire.set(true, false)
		if err := a.Announce(t.Context(), "change"); err != nil {
			t.Fatal(err)
		}
		if b.Fresh() {
			t.Error("the other node still answers from memory")
		}
		a.wire.set(false, false)
		for !b.Fresh() {
			pass(lease / 10)
		}
		if got := b.told(); len(got) != 1 || got[0] != "change" {
			t.Errorf("is fresh again, but was told %q", got)
		}
	})
}

func TestAnAnnouncementEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, new(broadcast.Hub))
		pass(4 * lease)
		n.wire.set(true, false)
		ctx, cancel := context.WithTimeout(t.Context(), lease/2)
		defer cancel()
		if err := n.Announce(ctx, "change"); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errCut) {
			t.Errorf("got %v", err)
		}
	})
}

func TestACrashedNodeIsForgottenWhenNothingCanBeOldAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := new(broadcast.Hub)
		a, b := start(t, hub), start(t, hub)
		pass(4 * lease)
		a.wire.set(true, false) // says nothing more, not even goodbye
		a.stop()
		pass(lease + time.Millisecond)
		if b.Fresh() {
			t.Error("fresh although it cannot know what the other node has changed")
		}
		pass(keep + 2*lease)
		if !b.Fresh() {
			t.Error("waits for a dead node")
		}
	})
}

func TestANodeThatSaysGoodbyeIsNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := new(broadcast.Hub)
		a, b := start(t, hub), start(t, hub)
		pass(4 * lease)
		a.stop()
		for range 20 {
			pass(lease / 4)
			if !b.Fresh() {
				t.Fatal("not fresh after a goodbye")
			}
		}
	})
}

func TestAMessageFromTheFutureMayMeanAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := new(broadcast.Hub)
		n := start(t, hub)
		pass(4 * lease)
		before := n.Epoch()
		if err := hub.Publish(t.Context(), "unheard-of 1 2 3"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n.Epoch() == before {
			t.Error("what is in memory was kept")
		}
	})
}

func TestTooManyUnsentMessagesBecomeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := new(broadcast.Hub)
		a, b := start(t, hub), start(t, hub)
		pass(4 * lease)
		a.wire.set(true, false)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for i := range 1500 {
			_ = a.Announce(ctx, fmt.Sprint(i))
		}
		before := b.Epoch()
		a.wire.set(false, false)
		pass(lease)
		if b.Epoch() == before || len(b.told()) > 600 {
			t.Errorf("was told %d messages", len(b.told()))
		}
	})
}

// TestAnAnnouncedChangeHoldsEverywhereWithinTheLease lets nodes with a memory
// change and read one number while their wires are cut or delayed, nodes come, and
// the hub breaks down. A node must never answer, from its memory, with less than
// what was announced a lease ago.
func TestAnAnnouncedChangeHoldsEverywhereWithinTheLease(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { simulate(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

// remembering is a node with what it remembers of the number.
type remembering struct {
	*node
	value int
	at    time.Time
	epoch int64
	known bool
}

func simulate(t *testing.T, random *rand.Rand) {
	hub := new(broadcast.Hub)
	var mu sync.Mutex
	stored, fromMemory := 0, 0
	announced := map[int]time.Time{}
	nodes := []*remembering{{node: start(t, hub)}, {node: start(t, hub)}, {node: start(t, hub)}}
	var changes sync.WaitGroup
	defer changes.Wait()
	for step := range 4000 {
		n := nodes[random.IntN(len(nodes))]
		switch action := random.IntN(1000); {
		case action < 10:
			n.wire.set(random.IntN(2) == 0, random.IntN(3) == 0)
		case action < 25:
			n.wire.set(false, false)
		case action < 27:
			hub.TakeDown()
		case action < 40:
			hub.BringUp()
		case action < 42 && len(nodes) < 6:
			nodes = append(nodes, &remembering{node: start(t, hub)})
		case action < 60:
			mu.Lock()
			stored++
			change := stored
			mu.Unlock()
			changes.Go(func() {
				if n.Announce(context.Background(), fmt.Sprint(change)) == nil {
					mu.Lock()
					announced[change] = time.Now()
					mu.Unlock()
				}
			})
		default:
			mu.Lock()
			least, current := 0, stored
			for change, at := range announced {
				if time.Since(at) > lease {
					least = max(least, change)
				}
			}
			mu.Unlock()
			n.learn()
			if n.known && n.Fresh() && n.epoch == n.Epoch() && time.Since(n.at) < keep {
				fromMemory++
				if n.value < least {
					t.Fatalf("step %d: answered %d from memory, but %d was announced", step, n.value, least)
				}
			} else {
				n.known, n.value, n.at, n.epoch = n.Fresh(), current, time.Now(), n.Epoch()
			}
		}
		pass(time.Duration(random.IntN(10)) * time.Millisecond)
	}
	if fromMemory < 100 {
		t.Errorf("only %d answers came from memory: nothing was tested", fromMemory)
	}
}

// learn drops what the node remembers if it was told of a change.
func (r *remembering) learn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.news {
		var changed int
		_, _ = fmt.Sscan(m, &changed)
		if changed > r.value {
			r.known = false
		}
	}
	r.news = r.news[:0]
}
