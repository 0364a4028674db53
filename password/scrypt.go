package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/ostiary/ostiary/internal/scrypt"
)

// The stored form: a salt of 32 hexadecimal digits, a colon, a key of 128.
const (
	saltBytes = 16
	keyBytes  = scrypt.KeyLen
	keyText   = 2 * keyBytes

	// maxSaltText leaves room for salts that other programs wrote.
	maxSaltText = 256
)

// Scrypt hashes with scrypt (RFC 7914) at the parameters and in the text form
// of Better Auth 1.7: N=16384, r=16, p=1, 64 bytes. Each running hash uses
// 32 MiB. Make one with NewScrypt and share it: its limits hold per value.
type Scrypt struct {
	random io.Reader
	gate   *gate
}

// NewScrypt returns a hasher under the given limits; the zero Limits is a good
// choice. It owns no goroutine and needs no closing.
func NewScrypt(limits Limits) *Scrypt {
	return newScrypt(limits, rand.Reader)
}

func newScrypt(limits Limits, random io.Reader) *Scrypt {
	return &Scrypt{random: random, gate: newGate(limits.withDefaults())}
}

// LendCore lets one pass more than Limits.Parallel run while as many callers wait as
// a pass takes and the function says that nobody else wants the core that Parallel
// leaves: two passes that are full do more than one, and keep other requests
// waiting, because the Go runtime looks at the network every 10 ms only while all
// its processors are at work. It adds Batch × 32 MiB to what hashing takes at most.
//
// The function is called often, by many goroutines, and must not wait. LendCore is
// called before the hasher is used. It does nothing where Parallel leaves no core.
func (s *Scrypt) LendCore(idle func() bool) {
	if s.gate.limits.Parallel < runtime.GOMAXPROCS(0) {
		s.gate.spare = idle
	}
}

// Hash implements Hasher. Besides the context's error it can return ErrBusy.
func (s *Scrypt) Hash(ctx context.Context, password string) (string, error) {
	var raw [saltBytes]byte
	if _, err := io.ReadFull(s.random, raw[:]); err != nil {
		return "", fmt.Errorf("read random salt: %w", err)
	}
	salt := hex.EncodeToString(raw[:])
	key, err := s.derive(ctx, password, salt)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return salt + ":" + hex.EncodeToString(key[:]), nil
}

// Verify implements Hasher. Besides the context's error it can return ErrBusy
// and ErrMalformedHash; the latter costs no hashing.
func (s *Scrypt) Verify(ctx context.Context, hash, password string) (bool, error) {
	salt, want, err := parse(hash)
	if err != nil {
		return false, err
	}
	got, err := s.derive(ctx, password, salt)
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1, nil
}

// derive normalises to NFKC, the only place where that happens, and hashes
// once the gate lets it.
func (s *Scrypt) derive(ctx context.Context, password, salt string) ([keyBytes]byte, error) {
	return s.gate.derive(ctx, nfkc(password), salt)
}

// parse splits a stored hash. The salt goes into scrypt as its text, not
// decoded: that is how Better Auth 1.7 stores and reads it, and why it may be
// any text.
func parse(hash string) (salt string, key [keyBytes]byte, err error) {
	salt, keyHex, found := strings.Cut(hash, ":")
	if !found || salt == "" || len(salt) > maxSaltText || len(keyHex) != keyText {
		return "", key, ErrMalformedHash
	}
	// Upper case would be a second spelling of the same key.
	if strings.ContainsAny(keyHex, "ABCDEF") {
		return "", key, ErrMalformedHash
	}
	if _, err := hex.Decode(key[:], []byte(keyHex)); err != nil {
		return "", key, ErrMalformedHash
	}
	return salt, key, nil
}
