// Package mongotest is a small MongoDB server for tests: the part of the wire
// protocol, of the query language and of transactions that an adapter uses. It
// answers what it does not know with the error that MongoDB has for that, and
// keeps everything in memory.
//
// It is not MongoDB: what works here is to be seen working there too.
package mongotest

import (
	"errors"
	"net"
	"sync"
	"testing"
)

// Server is a running server.
type Server struct {
	// Address is what clients connect to.
	Address string

	replicaSet bool
	listener   net.Listener
	serving    sync.WaitGroup

	// writing is held by whoever writes: a command, or a transaction from its
	// first write to its end.
	writing chan struct{}

	mu          sync.Mutex // guards what follows
	connections map[net.Conn]bool
	committed   data
	sessions    map[string]*session
}

// session is what the server remembers of a session of a client.
type session struct {
	number int64 // of its last transaction or retryable write
	reply  any   // to the retryable write of that number
	work   *data // of the open transaction, which is its own copy
	writer bool  // the transaction holds Server.writing
	open   bool
}

// Start starts a server that stops when the test ends. As a replica set it has
// transactions.
func Start(t testing.TB, replicaSet bool) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		Address:    "mongodb://" + listener.Addr().String() + "/?directConnection=true",
		replicaSet: replicaSet, listener: listener,
		writing: make(chan struct{}, 1), connections: map[net.Conn]bool{},
		committed: data{}, sessions: map[string]*session{},
	}
	s.serving.Go(s.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		s.Disconnect()
		s.serving.Wait()
	})
	return s
}

// Disconnect ends all connections, and undoes what is not committed, as a
// restart of the server does.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.connections {
		_ = c.Close()
	}
	for _, session := range s.sessions {
		s.end(session)
	}
}

// end ends the transaction of a session.
func (s *Server) end(session *session) {
	session.open, session.work = false, nil
	if session.writer {
		session.writer = false
		<-s.writing
	}
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		s.mu.Lock()
		s.connections[c] = true
		s.mu.Unlock()
		s.serving.Go(func() {
			defer func() {
				_ = c.Close()
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.connections, c)
			}()
			s.serve(c)
		})
	}
}
