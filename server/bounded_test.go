package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestConnectionsWaitForAPlace(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBounded(l, newPlaces(1))
	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
	}
	first, err := b.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn)
	go func() {
		second, err := b.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- second
	}()
	select {
	case <-accepted:
		t.Fatal("the second connection did not wait")
	default:
	}
	_ = first.Close()
	_ = first.Close() // gives the place back only once
	second := <-accepted
	if len(b.places.free) != 1 {
		t.Errorf("%d places are taken", len(b.places.free))
	}
	waiting := make(chan error)
	go func() {
		_, err := b.Accept()
		waiting <- err
	}()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := <-waiting; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	_ = second.Close()
	if len(b.places.free) != 0 {
		t.Errorf("%d places are taken after the end", len(b.places.free))
	}
}

// connected returns both ends of a connection, the server's from a bounded listener.
func connected(t *testing.T) (client *net.TCPConn, server net.Conn, p *places) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p = newPlaces(1)
	b := newBounded(l, p)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(); _ = b.Close() })
	if server, err = b.Accept(); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn), server, p
}

func TestRR_60_ARequestThatCrossesTheEndIsNotServed(t *testing.T) {
	t.Parallel()
	client, server, p := connected(t)
	read := make(chan error)
	go func() {
		n, err := server.Read(make([]byte, 100))
		if n > 0 {
			err = errors.New("it was handed on")
		}
		read <- err
	}()
	p.leaving.Store(true)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("POST / HTTP/1.1\r\n")); err != nil {
		t.Errorf("write: %v", err)
	}
	if n, err := client.Read(make([]byte, 100)); n != 0 || !errors.Is(err, io.EOF) { // not a reset
		t.Errorf("the client reads %d bytes, %v", n, err)
	}
	if err := <-read; err == nil || err.Error() == "it was handed on" {
		t.Errorf("the server reads: %v", err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Error(err)
	}
	if err := p.wait(t.Context()); err != nil || len(p.free) != 0 {
		t.Errorf("%v, %d places are taken", err, len(p.free))
	}
}

func TestRR_60_ARequestThatWasHandedOnIsAnswered(t *testing.T) {
	t.Parallel()
	client, server, p := connected(t)
	if _, err := client.Write([]byte("request")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	p.leaving.Store(true)
	if err := server.Close(); err != nil { // as package http does with one it takes for idle
		t.Fatal(err)
	}
	if _, err := server.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(client); err != nil || string(answer) != "answer" {
		t.Errorf("got %q, %v", answer, err)
	}
	_ = client.Close()
	if err := p.wait(t.Context()); err != nil || len(p.free) != 0 {
		t.Errorf("%v, %d places are taken", err, len(p.free))
	}
}

func TestRR_60_ConnectionsThatWaitAreAcceptedBeforeTheEnd(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlaces(10)
	b := newBounded(l, p)
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	p.leaving.Store(true)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for {
		c, err := b.Accept()
		if err != nil {
			break
		}
		accepted++
		p.leaving.Store(false)
		_ = c.Close()
		p.leaving.Store(true)
	}
	if accepted != 3 {
		t.Errorf("%d of 3 connections were accepted", accepted)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
}

// Package http may close a connection by itself in the middle of a request, once.
func TestRR_60_ARequestThatDoesNotGoOnIsGivenUp(t *testing.T) {
	t.Parallel()
	client, server, p := connected(t)
	if _, err := client.Write([]byte("PO")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	p.leaving.Store(true)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	ended(server, http.StateClosed)
	if n, err := client.Read(make([]byte, 100)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("the client reads %d bytes, %v", n, err)
	}
	_ = client.Close()
	if err := p.wait(t.Context()); err != nil || len(p.free) != 0 {
		t.Errorf("%v, %d places are taken", err, len(p.free))
	}
}

// The process gets no processor until the time for connections that wait is over.
func TestRR_60_ConnectionsThatWaitAreAcceptedAlthoughTheTimeIsOver(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBounded(l, newPlaces(5))
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
	}
	b.places.leaving.Store(true)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := l.(*net.TCPListener).SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		c, err := b.Accept()
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		_ = c.Close()
	}
	if _, err := b.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := b.places.wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// Connections that come while the server stops accepting are refused or answered,
// never accepted and left without an answer.
func TestRR_60_WhoIsAcceptedIsAnswered(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.RateLimit.Enabled = new(false) })
	url := "http://" + s.Addr().String() + "/api/auth/ok"
	var clients sync.WaitGroup
	var answers atomic.Int64
	refused := make(chan struct{})
	refuse := sync.OnceFunc(func() { close(refused) })
	for range 8 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			for {
				select {
				case <-refused:
					return
				default:
				}
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
				if err != nil {
					t.Error(err)
					return
				}
				answer, err := client.Do(r)
				switch {
				case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET): // nobody has accepted it
					refuse()
				case err != nil:
					t.Errorf("after %d answers: %v", answers.Load(), err)
					refuse()
				default:
					_ = answer.Body.Close()
					if answers.Add(1) == 200 {
						s.stop()
					}
				}
			}
		})
	}
	clients.Wait()
}
