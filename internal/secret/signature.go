package secret

import (
	"encoding/base64"
	"strings"
)

// signatureLen is the length of 32 bytes in padded base64.
const signatureLen = 44

var signatureEncoding = base64.StdEncoding.Strict()

// Sign returns the cookie signature of value: HMAC-SHA256 under the current
// secret in padded standard base64 (RFC 4648, section 4), 44 characters.
func (k *Keyring) Sign(value string) string {
	mac := k.macs[0].sum(value)
	return signatureEncoding.EncodeToString(mac[:])
}

// Verify tells, in constant time, whether signature is that of value.
func (k *Keyring) Verify(value, signature string) bool {
	mac, ok := decodeSignature(signature)
	return ok && k.verify(mac[:], value)
}

// SignedValue returns value, a dot, and its signature: what a signed cookie
// holds before it is percent-encoded.
func (k *Keyring) SignedValue(value string) string {
	return value + "." + k.Sign(value)
}

// State says what [Keyring.OpenSigned] found.
type State int

// The states of a signed value. Only Valid vouches for anything; a session
// treats Absent and Malformed alike.
const (
	Absent    State = iota // empty text: no such cookie
	Malformed              // not a value, a dot and a signature
	Invalid                // the signature is not ours
	Valid                  // signed with a secret that is accepted
)

// String returns the name of the state in lower case.
func (s State) String() string {
	switch s {
	case Absent:
		return "absent"
	case Malformed:
		return "malformed"
	case Invalid:
		return "invalid"
	case Valid:
		return "valid"
	}
	return "unknown"
}

// OpenSigned splits a signed value, already percent-decoded, at its last dot
// and verifies it. The value is empty unless the state is [Valid].
func (k *Keyring) OpenSigned(signed string) (value string, state State) {
	if signed == "" {
		return "", Absent
	}
	dot := strings.LastIndexByte(signed, '.')
	if dot < 1 {
		return "", Malformed
	}
	mac, ok := decodeSignature(signed[dot+1:])
	if !ok {
		return "", Malformed
	}
	if !k.verify(mac[:], signed[:dot]) {
		return "", Invalid
	}
	return signed[:dot], Valid
}

func decodeSignature(signature string) (mac [32]byte, ok bool) {
	if len(signature) != signatureLen || signature[signatureLen-1] != '=' {
		return mac, false
	}
	// A decoder wants room for the padding as well. Line breaks, which it skips,
	// would leave fewer than 32 bytes.
	var raw [33]byte
	n, err := signatureEncoding.Decode(raw[:], []byte(signature))
	if err != nil || n != len(mac) {
		return mac, false
	}
	copy(mac[:], raw[:])
	return mac, true
}
