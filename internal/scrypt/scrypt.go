// Package scrypt derives keys with scrypt (RFC 7914) in memory that the caller
// keeps and uses again.
//
// golang.org/x/crypto/scrypt computes the same function, but leaves 32 MiB of
// garbage per call: in a process with a large heap the collector lets hundreds
// of megabytes of it pile up before it runs.
package scrypt

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
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

// Memory is the scratch space of one derivation: 32 MiB. It serves one call
// at a time, any number of times. Its content is derived from the latest
// password and stays until the next use.
type Memory struct {
	n, r int
	v    []uint32 // the large table, n rows
	x, y []uint32 // the row being mixed, and where the next one is built
}

// NewMemory allocates scratch space for Key.
func NewMemory() *Memory { return newMemory(cost, blockSize) }

// newMemory sizes for any n that is a power of two, and any r.
func newMemory(n, r int) *Memory {
	row := blockWords * r
	return &Memory{
		n: n,
		r: r,
		v: make([]uint32, n*row),
		x: make([]uint32, row),
		y: make([]uint32, row),
	}
}

// Key derives a key with N=16384, r=16, p=1. Both arguments are used as the
// bytes they are. It fails only where the Go runtime's cryptographic policy
// (FIPS 140-only mode) refuses the inner PBKDF2.
func (m *Memory) Key(password, salt string) (key [KeyLen]byte, err error) {
	derived, err := m.derive(password, []byte(salt), 1, KeyLen)
	if err != nil {
		return key, err
	}
	return [KeyLen]byte(derived), nil
}

// derive is the whole of RFC 7914, section 6.
func (m *Memory) derive(password string, salt []byte, p, keyLen int) ([]byte, error) {
	blockBytes := 4 * len(m.x)
	blocks, err := pbkdf2.Key(sha256.New, password, salt, 1, p*blockBytes)
	if err != nil {
		return nil, fmt.Errorf("expand password: %w", err)
	}
	for i := range p {
		m.mix(blocks[i*blockBytes : (i+1)*blockBytes])
	}
	key, err := pbkdf2.Key(sha256.New, password, blocks, 1, keyLen)
	if err != nil {
		return nil, fmt.Errorf("extract key: %w", err)
	}
	return key, nil
}

// mix is scryptROMix (RFC 7914, section 5) on block, in place.
func (m *Memory) mix(block []byte) {
	for i := range m.x {
		m.x[i] = binary.LittleEndian.Uint32(block[4*i:])
	}
	m.fill()
	m.walk()
	for i, word := range m.x {
		binary.LittleEndian.PutUint32(block[4*i:], word)
	}
}

// fill builds the table, each row mixed straight from the one before, and
// leaves in x what follows the last row.
func (m *Memory) fill() {
	row := len(m.x)
	copy(m.v, m.x)
	for i := 1; i < m.n; i++ {
		blockMix(m.v[i*row:(i+1)*row], m.v[(i-1)*row:i*row])
	}
	blockMix(m.x, m.v[(m.n-1)*row:])
}

// walk mixes x with n rows of the table, each chosen by x itself.
func (m *Memory) walk() {
	row := len(m.x)
	x, y := m.x, m.y
	for range m.n {
		j := int(x[row-salsaWords] & uint32(m.n-1))
		xor(x, m.v[j*row:(j+1)*row])
		blockMix(y, x)
		x, y = y, x
	}
	// n is even: the result is in m.x again.
}

// xor, like blockMix and salsa, only touches the memory of its caller, who has
// it alone. Watching millions of its accesses for races would find nothing and
// make hashes ten times slower in tests: hence go:norace.
//
//go:norace
func xor(dst, src []uint32) {
	for i, word := range src[:len(dst)] {
		dst[i] ^= word
	}
}

// blockMix is scryptBlockMix (RFC 7914, section 4) from in to out, which do
// not overlap. The results of even blocks go to the first half, those of odd
// blocks to the second.
//
//go:norace
func blockMix(out, in []uint32) {
	half := len(in) / 2
	var x [salsaWords]uint32
	copy(x[:], in[len(in)-salsaWords:])
	for i := 0; i < half; i += salsaWords {
		even := in[2*i:][:2*salsaWords]
		salsa(&x, (*[salsaWords]uint32)(even), (*[salsaWords]uint32)(out[i:]))
		salsa(&x, (*[salsaWords]uint32)(even[salsaWords:]), (*[salsaWords]uint32)(out[half+i:]))
	}
}
