// Package random makes identifiers, tokens and keys from a source of
// cryptographically secure randomness.
//
// Randomness that fails is fatal: every method panics when its reader reports
// an error, because no caller could do anything safer than stop.
package random

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

// Source draws random values from one reader. Its zero value draws from
// [crypto/rand.Reader]. A Source may be used by several goroutines at once.
//
// Nothing is read ahead, so that no future secret waits in memory.
type Source struct {
	mu sync.Mutex
	r  io.Reader
}

// New returns a Source that draws from r, one reader at a time. A nil r means
// [crypto/rand.Reader]; anything else is for tests.
func New(r io.Reader) *Source {
	if r == rand.Reader {
		r = nil
	}
	return &Source{r: r}
}

// Bytes returns n random bytes.
func (s *Source) Bytes(n int) []byte {
	b := make([]byte, n)
	s.fill(b)
	return b
}

// UUID returns a random UUID, version 4 (RFC 9562, section 5.4), in lower case.
func (s *Source) UUID() string {
	var id [16]byte
	s.fill(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80

	text := make([]byte, 0, 36)
	text = hex.AppendEncode(text, id[:4])
	for _, group := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		text = append(text, '-')
		text = hex.AppendEncode(text, group)
	}
	return string(text)
}

// fill fills b or panics.
func (s *Source) fill(b []byte) {
	if s.r == nil {
		// Read never returns an error: it ends the program instead.
		_, _ = rand.Read(b)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.ReadFull(s.r, b); err != nil {
		panic(fmt.Sprintf("random: the source of randomness failed: %v", err))
	}
}
