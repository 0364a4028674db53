// Package mailtest has a mail server for tests: a [Sink] that accepts messages on
// this machine, delivers them to nobody and lets a test read them. It can demand
// TLS and a sign-in, and it can misbehave as mail servers do.
package mailtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// Encryption says how a Sink speaks TLS.
type Encryption int

const (
	// Plain has no TLS. This is the default.
	Plain Encryption = iota
	// StartTLS offers the STARTTLS command (RFC 3207), and takes mail only after it.
	StartTLS
	// ImplicitTLS speaks TLS from the first byte (RFC 8314).
	ImplicitTLS
)

// Replies with a meaning of their own; see [Options].
const (
	// Silent says nothing and leaves the connection open.
	Silent = ""
	// HangUp closes the connection.
	HangUp = "hang up"
)

// Options change what a Sink does. The zero value accepts everything.
type Options struct {
	// Encryption is how the Sink speaks TLS. Default [Plain].
	Encryption Encryption
	// Username and Password have to be given by AUTH (RFC 4954) before mail is
	// taken. Default empty: AUTH is not offered.
	Username, Password string
	// Mechanisms are the AUTH mechanisms that are offered. Default PLAIN and LOGIN,
	// which are those the Sink can do.
	Mechanisms []string
	// Replies replaces answers: the key is CONNECT for the greeting, BODY for the
	// answer to the text of a message, or the command, such as RCPT. The value is
	// the reply without its line end, such as "550 5.1.1 unknown user", or [Silent]
	// or [HangUp]. A command with a reply in 4xx or 5xx has no effect.
	Replies map[string]string
}

// Sink is a mail server that keeps what it is sent. It is safe for concurrent use.
type Sink struct {
	options     Options
	listener    net.Listener
	certificate tls.Certificate
	roots       *x509.CertPool
	sessions    sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	conns    map[net.Conn]bool
	messages []Message
	commands []string
	arrived  chan struct{} // closed, and replaced, whenever a message arrives
}

// Start starts a Sink without TLS that accepts everything. It ends with the test.
func Start(t testing.TB) *Sink {
	t.Helper()
	return StartWith(t, Options{})
}

// StartWith starts a Sink that behaves as o says. It ends with the test.
func StartWith(t testing.TB, o Options) *Sink {
	t.Helper()
	if o.Mechanisms == nil {
		o.Mechanisms = []string{"PLAIN", "LOGIN"}
	}
	s := &Sink{options: o, conns: make(map[net.Conn]bool), arrived: make(chan struct{})}
	var err error
	if s.certificate, s.roots, err = selfSigned(); err != nil {
		t.Fatalf("start mail sink: %v", err)
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatalf("start mail sink: %v", err)
	}
	s.sessions.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

// Addr returns where the Sink listens, as host:port.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Host returns the IP address the Sink listens at.
func (s *Sink) Host() string {
	host, _, _ := net.SplitHostPort(s.Addr())
	return host
}

// Port returns the port the Sink listens at.
func (s *Sink) Port() int {
	_, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return n
}

// RootCAs returns the authority that signed the Sink's certificate, which is valid
// for 127.0.0.1, ::1 and localhost.
func (s *Sink) RootCAs() *x509.CertPool { return s.roots }

// Messages returns what has arrived so far, in the order of arrival.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Commands returns the command lines of all connections so far. The answers of a
// sign-in and the text of messages are not among them.
func (s *Sink) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// WaitFor waits until at least n messages have arrived, and returns all that have.
// If ctx ends first, it returns them together with an error that wraps that of ctx.
func (s *Sink) WaitFor(ctx context.Context, n int) ([]Message, error) {
	for {
		s.mu.Lock()
		messages, arrived := slices.Clone(s.messages), s.arrived
		s.mu.Unlock()
		if len(messages) >= n {
			return messages, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return messages, fmt.Errorf("wait for %d messages, have %d: %w", n, len(messages), ctx.Err())
		}
	}
}

func (s *Sink) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			_ = conn.Close()
		} else {
			s.conns[conn] = true
			s.sessions.Go(func() { s.serve(conn) })
		}
		s.mu.Unlock()
	}
}

func (s *Sink) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	newSession(s, conn).run()
}

func (s *Sink) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.sessions.Wait()
}

func (s *Sink) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

func (s *Sink) note(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
}
