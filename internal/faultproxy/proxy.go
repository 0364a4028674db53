// Package faultproxy is a TCP proxy between a program and a server it depends on,
// which breaks the connections when told to: for tests of what happens then.
package faultproxy

import (
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy forwards connections on the loopback interface to a server. Its methods may
// be called at any time.
type Proxy struct {
	listener net.Listener
	target   atomic.Pointer[string]
	delay    atomic.Int64 // nanoseconds
	hole     atomic.Bool
	refuse   atomic.Bool
	closed   chan struct{}
	running  sync.WaitGroup

	mu    sync.Mutex
	pairs map[*pair]bool
}

// pair is one connection from the program and the one to the server.
type pair struct{ client, server net.Conn }

func (p *pair) cut() {
	_ = p.client.Close()
	_ = p.server.Close()
}

// New returns a proxy for the server at an address, host:port.
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, closed: make(chan struct{}), pairs: map[*pair]bool{}}
	p.Retarget(target)
	p.running.Go(p.accept)
	return p, nil
}

// Address is where the proxy listens, host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Retarget sends new connections to another server.
func (p *Proxy) Retarget(target string) { p.target.Store(&target) }

// Slow holds back what is sent, in both directions, for a time each.
func (p *Proxy) Slow(d time.Duration) { p.delay.Store(int64(d)) }

// Swallow lets connections be, and everything that is sent get lost.
func (p *Proxy) Swallow(on bool) { p.hole.Store(on) }

// Refuse ends all connections, and new ones as soon as they are made.
func (p *Proxy) Refuse(on bool) {
	p.refuse.Store(on)
	if on {
		p.CutAll()
	}
}

// CutOne ends one connection, chosen at random.
func (p *Proxy) CutOne() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if all := slices.Collect(maps.Keys(p.pairs)); len(all) > 0 { // in random order
		all[0].cut()
	}
}

// CutAll ends all connections.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for both := range p.pairs {
		both.cut()
	}
}

// Close ends the proxy and all connections, and waits until that is done.
func (p *Proxy) Close() {
	close(p.closed)
	_ = p.listener.Close()
	p.CutAll()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.DialTimeout("tcp", *p.target.Load(), time.Second)
	if err != nil {
		_ = client.Close()
		return
	}
	both := &pair{client, server}
	defer both.cut()
	if !p.add(both) {
		return
	}
	defer p.remove(both)
	var copies sync.WaitGroup
	copies.Go(func() { p.copy(client, server); both.cut() })
	copies.Go(func() { p.copy(server, client); both.cut() })
	copies.Wait()
}

// add reports whether a connection may be used.
func (p *Proxy) add(both *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		return false
	default:
	}
	p.pairs[both] = true
	return !p.refuse.Load()
}

func (p *Proxy) remove(both *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pairs, both)
}

func (p *Proxy) copy(from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.hold(time.Duration(p.delay.Load()))
		if n > 0 && !p.hole.Load() {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// hold waits, unless the proxy is closed.
func (p *Proxy) hold(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.closed:
	}
}
