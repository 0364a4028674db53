package main

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// proxy forwards connections and breaks them when told to.
type proxy struct {
	listener net.Listener
	to       string
	delay    atomic.Int64 // nanoseconds
	hole     atomic.Bool

	mu    sync.Mutex
	pairs map[*pair]bool
}

// pair is one connection from a node and the one to the database.
type pair struct{ client, server net.Conn }

func (p *pair) cut() {
	_ = p.client.Close()
	_ = p.server.Close()
}

func newProxy(to string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, to: to, pairs: map[*pair]bool{}}
	go p.accept()
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.DialTimeout("tcp", p.to, time.Second)
	if err != nil {
		_ = client.Close()
		return
	}
	both := &pair{client, server}
	p.mu.Lock()
	p.pairs[both] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.pairs, both)
		p.mu.Unlock()
		both.cut()
	}()
	var copies sync.WaitGroup
	copies.Go(func() { p.copy(client, server); both.cut() })
	copies.Go(func() { p.copy(server, client); both.cut() })
	copies.Wait()
}

func (p *proxy) copy(from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if d := time.Duration(p.delay.Load()); d > 0 {
			time.Sleep(d)
		}
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

func (p *proxy) slow(d time.Duration) { p.delay.Store(int64(d)) }

func (p *proxy) swallow(on bool) { p.hole.Store(on) }

func (p *proxy) cutOne() {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := 0
	if n := len(p.pairs); n > 0 {
		at = rand.IntN(n)
	}
	for both := range p.pairs {
		if at == 0 {
			both.cut()
			return
		}
		at--
	}
}

func (p *proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for both := range p.pairs {
		both.cut()
	}
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.cutAll()
}
