package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// places bounds the connections of all listeners.
type places struct {
	free    chan struct{}
	leaving atomic.Bool    // whether the server is about to stop
	ending  sync.WaitGroup // connections that are being ended
	owed    atomic.Int64   // connections that are to be answered, see [placed]
}

func newPlaces(n int) *places { return &places{free: make(chan struct{}, n)} }

const (
	// backlogTime is how long a listener that is closed still accepts what the
	// operating system has accepted before.
	backlogTime = 50 * time.Millisecond
	// settleTime is how long connections that were accepted last have for their
	// first request.
	settleTime = time.Second
	// lingerTime is how long a connection that was ended waits for the client to
	// take notice. Without that the client would see a reset instead of an end when
	// its next request crosses the end, and could not tell whether to repeat it.
	lingerTime = time.Second
)

// bounded is a listener that accepts a connection only when there is a place
// for it. Those that have to wait do so with the operating system.
type bounded struct {
	net.Listener
	places *places
	closed chan struct{}
	once   sync.Once
	asked  bool // once more, after it was closed; for the one who accepts
}

func newBounded(l net.Listener, p *places) *bounded {
	return &bounded{Listener: l, places: p, closed: make(chan struct{})}
}

// Accept waits for a place, then for a connection.
func (b *bounded) Accept() (net.Conn, error) {
	if !b.place() {
		_ = b.Listener.Close()
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil && b.more() {
		c, err = b.Listener.Accept()
	}
	if err != nil {
		<-b.places.free
		select {
		case <-b.closed: // and nobody is waiting any more
			_ = b.Listener.Close()
			return nil, net.ErrClosed
		default:
			return nil, err
		}
	}
	b.places.owed.Add(1)
	return &placed{Conn: c, places: b.places, leave: sync.OnceFunc(func() { <-b.places.free }), owed: true}, nil
}

// more reports whether to ask once more when the time of a listener that is closed
// is over: on a machine that is very busy it can be over before anybody has asked.
// It is done once, because those who come now should find that nobody is here.
func (b *bounded) more() bool {
	select {
	case <-b.closed:
	default:
		return false
	}
	l, ok := b.Listener.(*net.TCPListener)
	if !ok || b.asked || !b.places.leaving.Load() {
		return false
	}
	b.asked = true
	return l.SetDeadline(time.Now().Add(backlogTime)) == nil
}

// place reports whether a place was found before the listener was closed.
func (b *bounded) place() bool {
	select {
	case b.places.free <- struct{}{}:
		return true
	default:
	}
	select {
	case b.places.free <- struct{}{}:
		return true
	case <-b.closed:
		return false
	}
}

// Close stops accepting, but for those that have been waiting.
func (b *bounded) Close() error {
	var err error
	b.once.Do(func() {
		close(b.closed)
		if l, ok := b.Listener.(*net.TCPListener); ok && b.places.leaving.Load() {
			err = l.SetDeadline(time.Now().Add(backlogTime))
			return
		}
		err = b.Listener.Close()
	})
	return err
}

// placed is a connection that gives its place back.
//
// While the server is stopping, package http closes it as idle, be it that a
// request has just arrived. Such a request is served, if it was handed on, or not
// looked at: then the client sees an end without a beginning of an answer, and
// asks elsewhere.
type placed struct {
	net.Conn
	places *places
	leave  func()

	mu      sync.Mutex
	owed    bool // a request has begun, or is the first, and nothing was answered
	begun   bool // a request was handed on, and nothing was answered
	asked   bool // to close, while begun
	dropped bool // what arrives is not handed on any more
}

// Read hands on what arrives.
func (p *placed) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dropped {
		return 0, net.ErrClosed
	}
	p.begun = p.begun || n > 0
	p.owe(p.owed || n > 0)
	return n, err
}

// owe notes whether an answer is owed. Callers hold mu.
func (p *placed) owe(owed bool) {
	switch {
	case owed && !p.owed:
		p.places.owed.Add(1)
	case !owed && p.owed:
		p.places.owed.Add(-1)
	}
	p.owed = owed
}

// Write answers.
func (p *placed) Write(b []byte) (int, error) {
	p.mu.Lock()
	p.begun = false
	p.owe(false)
	p.mu.Unlock()
	return p.Conn.Write(b)
}

// Close closes the connection.
func (p *placed) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	leaving := p.places.leaving.Load()
	switch {
	case p.dropped:
		return net.ErrClosed
	case leaving && p.begun && !p.asked:
		p.asked = true // package http closes once more when the request is over
		p.places.ending.Add(1)
		return nil
	}
	p.dropped = true
	p.owe(false)
	if p.asked {
		defer p.places.ending.Done()
	}
	if leaving && p.CloseWrite() == nil && p.Conn.SetReadDeadline(time.Now()) == nil { // which ends a Read
		p.places.ending.Go(p.linger)
		return nil
	}
	defer p.leave()
	return p.Conn.Close()
}

// linger waits until the client has closed its side.
func (p *placed) linger() {
	defer p.leave()
	defer func() { _ = p.Conn.Close() }()
	timer := time.AfterFunc(lingerTime, func() { _ = p.Conn.Close() }) // package http may set deadlines of its own
	defer timer.Stop()
	if p.Conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.Copy(io.Discard, p.Conn)
	}
}

// ended is called when package http is done with a connection. If its own Close was
// the first, what had arrived was the beginning of a request that it never read on.
func ended(c net.Conn, state http.ConnState) {
	if p, ok := c.(*placed); ok && state == http.StateClosed {
		_ = p.Close() // which does nothing when it is closed
	}
}

// settle waits until what has come is being answered: when package http shuts down,
// it drops the requests that it has just read, those of new connections as well.
// Connections on which nothing comes are not waited for longer than settleTime.
func (p *places) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for p.owed.Load() > 0 {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// wait waits until all connections have ended that were being ended.
func (p *places) wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		p.ending.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for connections: %w", context.Cause(ctx))
	}
}

// CloseWrite ends what is sent, while the other side may still finish; package
// http needs it to deliver refusals of requests that it did not read.
func (p *placed) CloseWrite() error {
	if c, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}
