// Package scrypt derives keys with scrypt (RFC 7914), up to four at once, in
// memory of which the caller says how long it is kept.
//
// golang.org/x/crypto/scrypt computes the same function, one key at a time. One
// derivation is a single chain of instructions, each of which waits for the one
// before: vector registers do not make it quicker, but they do the work of four
// derivations in little more time. And the library leaves 32 MiB of garbage per
// call, with everything in it that follows from the password.
package scrypt

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"runtime"
)

// KeyLen is the length of a derived key in bytes.
const KeyLen = 64

// The parameters of Better Auth 1.7. Parallelisation (p) is always 1.
const (
	cost      = 16384 // N
	blockSize = 16    // r
)

const (
	salsaWords = 16             // one Salsa20 block in 32-bit words
	blockWords = 2 * salsaWords // words per unit of r
)

// rowsPerTurn is after how many rows, about 0.2 ms, other goroutines get their
// turn. The scheduler cannot interrupt the assembly, and would let the Go code
// run for 10 ms: too long for a request that only wants to know who asks.
const rowsPerTurn = 64

// A Task is one key to derive. Password and salt are used as the bytes they are.
type Task struct {
	Password, Salt string

	// Key is the result, unless Err says why there is none: the Go runtime's
	// cryptographic policy (FIPS 140-only mode) refused the inner PBKDF2.
	Key [KeyLen]byte
	Err error
}

// Derive does the tasks with N=16384, r=16, p=1, as many at once as the memory
// has lanes. Four at once take less time than two one after the other.
func (m *Memory) Derive(tasks ...*Task) {
	for len(tasks) > 0 {
		company := min(len(tasks), m.lanes)
		m.derive(tasks[:company])
		tasks = tasks[company:]
	}
}

// derive is RFC 7914, section 6, for p = 1.
func (m *Memory) derive(tasks []*Task) {
	blocks := make([][]byte, 0, maxLanes)
	ready := make([]*Task, 0, maxLanes)
	for _, task := range tasks {
		block, err := pbkdf2.Key(sha256.New, task.Password, []byte(task.Salt), 1, 4*m.row)
		if err != nil {
			task.Err = fmt.Errorf("expand password: %w", err)
			continue
		}
		blocks, ready = append(blocks, block), append(ready, task)
	}
	m.use(len(ready))
	switch {
	case len(ready) == 1:
		m.mix(blocks[0])
	case len(ready) > 1:
		m.mixLanes(blocks)
	}
	for i, task := range ready {
		key, err := pbkdf2.Key(sha256.New, task.Password, blocks[i], 1, KeyLen)
		if err != nil {
			task.Err = fmt.Errorf("extract key: %w", err)
			continue
		}
		task.Key = [KeyLen]byte(key)
		clear(blocks[i])
		clear(key)
	}
}

// giveWay lets other goroutines run once in a while.
func giveWay(row int) {
	if row%rowsPerTurn == rowsPerTurn-1 {
		runtime.Gosched()
	}
}
