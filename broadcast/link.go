package broadcast

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Link is a node's end of a [Channel]. It answers one question at any time: has
// every message arrived that another node was told had been sent? Only then may
// an answer come from memory.
//
// All nodes send heartbeats. A node that does not receive its own within the
// lease has lost the channel; one that does not hear another node cannot know
// what that node failed to send. In both cases [Link.Fresh] is false, until the
// heartbeats are back or the other node has been silent for longer than anything
// is kept in memory. On the other side, [Link.Announce] returns only when the
// message was taken or enough time has passed for all other nodes to notice the
// silence. What could not be sent is sent before the next heartbeat.
//
// So a change that was announced holds on every node as soon as the message has
// arrived, which takes a millisecond or so, and within one lease whatever is slow,
// cut or dead.
//
// Make one with [NewLink] and call Run in a goroutine of your own.
type Link struct {
	channel Channel
	o       LinkOptions
	node    string
	begun   time.Time

	fresh atomic.Int64 // until when, in nanoseconds since begun
	epoch atomic.Int64
	since atomic.Int64 // when the subscription began, in nanoseconds since begun; 0: there is none

	mu        sync.Mutex
	confirmed time.Duration            // when our latest heartbeat that came back was sent
	peers     map[string]time.Duration // when each other node was heard last
	taken     time.Duration            // when the channel took a message last; 0: never
	owed      []*debt                  // messages that the channel did not take
}

// debt is a message that the channel did not take, and what is closed when it does.
type debt struct {
	text string
	paid []chan struct{}
}

// LinkOptions configure a [Link]. Zero values have the defaults given.
type LinkOptions struct {
	// Receive is called with each message of the other nodes and of this one.
	// Required.
	Receive func(message string)
	// Lease is how long a node may answer from memory without a sign of life.
	// Four heartbeats are sent in that time. Default 250 ms.
	Lease time.Duration
	// Keep is the longest time for which a node keeps something in memory.
	// Default 5 s.
	Keep time.Duration
	// Log receives what goes wrong. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock. Only differences count; it must be monotonic. Default
	// time.Now.
	Now func() time.Time
}

const (
	defaultLease = 250 * time.Millisecond
	defaultKeep  = 5 * time.Second
	// maxOwed bounds what is kept of messages that could not be sent. Beyond
	// that, all nodes are told to forget everything.
	maxOwed = 1000
	// longestPause is the longest time between two attempts to connect.
	longestPause = 2 * time.Second
)

// NewLink returns a link that is not connected yet.
func NewLink(channel Channel, o LinkOptions) *Link {
	if o.Lease <= 0 {
		o.Lease = defaultLease
	}
	if o.Keep <= 0 {
		o.Keep = defaultKeep
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return &Link{channel: channel, o: o, node: hex.EncodeToString(id[:]), begun: o.Now().Add(-time.Nanosecond), peers: map[string]time.Duration{}}
}

// age is the time since the link was made, at least a nanosecond.
func (l *Link) age() time.Duration { return l.o.Now().Sub(l.begun) }

// Fresh reports whether every message has arrived that was announced by now.
func (l *Link) Fresh() bool { return int64(l.age()) < l.fresh.Load() }

// Epoch changes whenever messages may have been missed: what was put into memory
// in another epoch must not be used.
func (l *Link) Epoch() int64 { return l.epoch.Load() }

// Unbroken returns for how long messages have arrived without a gap; 0 when they
// do not.
func (l *Link) Unbroken() time.Duration {
	since := time.Duration(l.since.Load())
	if since == 0 {
		return 0
	}
	return l.age() - since
}

// Connected reports whether the channel has taken a message of this node within
// the lease and given it back.
func (l *Link) Connected() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.confirmed > 0 && l.age() < l.confirmed+l.o.Lease
}

// The first word of a message says what it is.
const (
	wordBeat   = "beat" // node, when it was sent
	wordBye    = "bye"  // node
	wordForget = "forget"
	wordNews   = "news" // the message
)

// Announce tells all nodes something that this node has changed. When the
// channel does not take the message, it returns after the other nodes have
// noticed that, or with the error of the context before. The message is then
// sent as soon as the channel takes it.
func (l *Link) Announce(ctx context.Context, message string) error {
	if len(message) > MaxMessage-len(wordNews)-1 {
		return fmt.Errorf("broadcast: a message of %d bytes is too long", len(message))
	}
	text := wordNews + " " + message
	began := l.age()
	err := l.publish(ctx, text)
	if err == nil {
		return nil
	}
	wait, paid := l.owe(text, began)
	l.o.Log.WarnContext(ctx, "a change was not announced to the other nodes; waiting until they ask the database", "wait", wait, "error", err)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-paid:
		return nil
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("broadcast: announce: %w", errors.Join(ctx.Err(), err))
	}
}

// publish sends a message within the lease.
func (l *Link) publish(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, l.o.Lease)
	defer cancel()
	if err := l.channel.Publish(ctx, text); err != nil {
		return err
	}
	l.mu.Lock()
	l.taken = l.age()
	l.mu.Unlock()
	return nil
}

// owe keeps a message to be sent before the next heartbeat. It returns how long
// the other nodes may take to notice that the heartbeats have stopped: a lease,
// once more for the time in which the latest one may have been under way, and once
// more for one that was being sent just now. A node that began to listen after the
// latest heartbeat does not know this one; then only the time helps after which
// nobody has anything in memory that was there when the message was due.
func (l *Link) owe(text string, began time.Duration) (wait time.Duration, paid <-chan struct{}) {
	done := make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owed = append(l.owed, &debt{text, []chan struct{}{done}})
	if len(l.owed) > maxOwed {
		all := &debt{text: wordForget}
		for _, d := range l.owed {
			all.paid = append(all.paid, d.paid...)
		}
		l.owed = []*debt{all}
	}
	if l.taken == 0 || began-l.taken > l.o.Lease {
		return l.o.Keep, done
	}
	return min(3*l.o.Lease, l.o.Keep), done
}

// Run keeps the link connected until the context ends, and then says goodbye.
func (l *Link) Run(ctx context.Context) {
	var beats sync.WaitGroup
	beats.Go(func() { l.beatAll(ctx) })
	defer beats.Wait()
	pause := l.o.Lease / 4
	for ctx.Err() == nil {
		connected := false
		err := l.channel.Subscribe(ctx, func() { connected = true; l.begin(ctx) }, l.receive)
		l.end()
		if ctx.Err() != nil {
			break
		}
		if connected {
			pause = l.o.Lease / 4
		}
		l.o.Log.WarnContext(ctx, "the channel between the nodes is lost; sessions are read from the database until it is back", "error", err, "again in", pause)
		sleep(ctx, pause)
		pause = min(2*pause, longestPause)
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.o.Lease)
	defer cancel()
	_ = l.channel.Publish(bye, wordBye+" "+l.node)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// begin starts an epoch: what came before the subscription was missed.
func (l *Link) begin(ctx context.Context) {
	l.epoch.Add(1)
	l.since.Store(int64(l.age()))
	l.beat(ctx)
}

// end makes the memory of the node unusable at once.
func (l *Link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.confirmed = 0
	l.since.Store(0)
	l.fresh.Store(0)
	l.epoch.Add(1)
}

func (l *Link) beatAll(ctx context.Context) {
	ticker := time.NewTicker(l.o.Lease / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			l.beat(ctx)
		}
	}
}

// beat sends what is owed, and then a heartbeat.
func (l *Link) beat(ctx context.Context) {
	for d := l.oldestDebt(); d != nil; d = l.oldestDebt() {
		if l.publish(ctx, d.text) != nil {
			return
		}
		l.pay(d)
	}
	_ = l.publish(ctx, wordBeat+" "+l.node+" "+strconv.FormatInt(int64(l.age()), 10)) // noticed by its absence
}

func (l *Link) oldestDebt() *debt {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.owed) == 0 {
		return nil
	}
	return l.owed[0]
}

// pay removes a debt whose message was taken, unless that has been done, or the debt
// has become part of another.
func (l *Link) pay(d *debt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.owed) == 0 || l.owed[0] != d {
		return
	}
	l.owed = l.owed[1:]
	for _, paid := range d.paid {
		close(paid)
	}
}

// receive handles a message of any node. One that it does not understand comes
// from a newer version and may mean anything.
func (l *Link) receive(message string) {
	word, rest, _ := strings.Cut(message, " ")
	switch word {
	case wordBeat:
		node, sent, _ := strings.Cut(rest, " ")
		at, err := strconv.ParseInt(sent, 10, 64)
		if err == nil {
			l.heard(node, time.Duration(at))
		}
	case wordBye:
		l.farewell(rest)
	case wordNews:
		l.o.Receive(rest)
	default:
		l.Forget()
	}
}

// Forget makes the node use nothing any more that it has remembered until now. It
// is for messages that are not understood.
func (l *Link) Forget() { l.epoch.Add(1) }

func (l *Link) heard(node string, sent time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if node == l.node {
		l.confirmed = max(l.confirmed, sent)
	} else {
		l.peers[node] = l.age()
	}
	l.renew()
}

func (l *Link) farewell(node string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.peers, node)
	l.renew()
}

// renew computes until when the memory may be used: a lease from the sign of life
// that is the longest ago. A node that has just begun to listen waits until it
// must have heard all others.
func (l *Link) renew() {
	now := l.age()
	if since := time.Duration(l.since.Load()); since == 0 || l.confirmed == 0 || now < since+2*l.o.Lease {
		l.fresh.Store(0)
		return
	}
	oldest := l.confirmed
	for node, heard := range l.peers {
		if now-heard > l.o.Keep+l.o.Lease {
			delete(l.peers, node) // whatever it did not say concerns nothing that is kept
			continue
		}
		oldest = min(oldest, heard)
	}
	l.fresh.Store(int64(oldest + l.o.Lease))
}
