package faultproxy_test

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ostiary/ostiary/internal/faultproxy"
)

// echo is a server that answers with what it is sent.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	return l.Addr().String()
}

func TestProxy(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Run("faults", func(t *testing.T) {
		p, err := faultproxy.New(echo(t))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		ask := func(within time.Duration) error {
			c, err := net.Dial("tcp", p.Address())
			if err != nil {
				return err
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(within)); err != nil {
				return err
			}
			if _, err := io.WriteString(c, "hello\n"); err != nil {
				return err
			}
			_, err = bufio.NewReader(c).ReadString('\n')
			return err
		}
		if err := ask(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		p.Swallow(true)
		if err := ask(50 * time.Millisecond); err == nil {
			t.Error("something came back out of the hole")
		}
		p.Swallow(false)
		p.Slow(50 * time.Millisecond)
		if begun := time.Now(); ask(10*time.Second) != nil || time.Since(begun) < 100*time.Millisecond {
			t.Error("it is not slow")
		}
		p.Slow(0)
		p.Refuse(true)
		if ask(10*time.Second) == nil {
			t.Error("it does not refuse")
		}
		p.Refuse(false)
		p.Retarget(echo(t))
		if err := ask(10 * time.Second); err != nil {
			t.Errorf("it does not recover: %v", err)
		}
	})
}
