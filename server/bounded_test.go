package server

import (
	"errors"
	"net"
	"testing"
)

func TestConnectionsWaitForAPlace(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBounded(l, make(chan struct{}, 1))
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
	if len(b.places) != 1 {
		t.Errorf("%d places are taken", len(b.places))
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
	if len(b.places) != 0 {
		t.Errorf("%d places are taken after the end", len(b.places))
	}
}
