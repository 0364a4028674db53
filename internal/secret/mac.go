package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// macer computes HMAC-SHA256 (RFC 2104) under one key. It keeps prepared states
// in a pool, because preparing the key costs more than a short message.
type macer struct {
	pool sync.Pool
}

// macState is one prepared state with room to work, so that neither message
// nor sum has to be allocated.
type macState struct {
	hash hash.Hash
	text [256]byte
	sum  [sha256.Size]byte
}

func newMacer(key string) *macer {
	m := &macer{}
	m.pool.New = func() any {
		return &macState{hash: hmac.New(sha256.New, []byte(key))}
	}
	return m
}

// sum returns the HMAC of the text followed by the parts.
func (m *macer) sum(text string, parts ...[]byte) [sha256.Size]byte {
	s := m.pool.Get().(*macState)
	s.hash.Reset()
	for len(text) > 0 {
		n := copy(s.text[:], text)
		_, _ = s.hash.Write(s.text[:n])
		text = text[n:]
	}
	for _, part := range parts {
		_, _ = s.hash.Write(part)
	}
	s.hash.Sum(s.sum[:0])
	sum := s.sum
	m.pool.Put(s)
	return sum
}

// MAC returns the HMAC-SHA256 of the parts, one after the other, under the
// current secret.
func (k *Keyring) MAC(parts ...[]byte) [sha256.Size]byte {
	return k.macs[0].sum("", parts...)
}

// VerifyMAC tells whether mac is what [Keyring.MAC] returns for the parts, in
// constant time for each secret that may verify.
func (k *Keyring) VerifyMAC(mac []byte, parts ...[]byte) bool {
	return k.verify(mac, "", parts...)
}

func (k *Keyring) verify(mac []byte, text string, parts ...[]byte) bool {
	for _, m := range k.macs {
		want := m.sum(text, parts...)
		if hmac.Equal(mac, want[:]) {
			return true
		}
	}
	return false
}
