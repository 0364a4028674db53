package secret

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// envelopePrefix starts a sealed value that names its secret's version.
const envelopePrefix = "$ba$"

// Box seals text with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under the
// SHA-256 of a secret. A sealed value is the lower-case hex of nonce, ciphertext
// and tag; with versioned secrets "$ba$<version>$" precedes it.
type Box struct {
	prefix   string // of everything sealed
	seal     cipher.AEAD
	bare     cipher.AEAD // opens values without envelope; nil refuses them
	versions map[int]cipher.AEAD
}

// newBox derives the keys of a box from the keyring's secrets.
func (k *Keyring) newBox(derive func(value string) string) *Box {
	if k.versions == nil {
		aead := newAEAD(derive(k.current))
		return &Box{seal: aead, bare: aead}
	}
	b := &Box{versions: make(map[int]cipher.AEAD, len(k.versions))}
	for _, v := range k.versions {
		b.versions[v.version] = newAEAD(derive(v.value))
	}
	if k.legacy != "" {
		b.bare = newAEAD(derive(k.legacy))
	}
	current := k.versions[0].version
	b.seal = b.versions[current]
	b.prefix = envelopePrefix + strconv.Itoa(current) + "$"
	return b
}

func newAEAD(value string) cipher.AEAD {
	key := sha256.Sum256([]byte(value))
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		panic(err) // only for a key that is not 32 bytes long
	}
	return aead
}

// Purpose returns the box for one purpose. Its keys are derived from the
// keyring's secrets (HKDF-SHA256, RFC 5869), so that what one purpose sealed
// cannot be opened as another's. Better Auth 1.7 knows "oauth-state-cookie" and
// "oauth-link-session-token". Make a box once and keep it.
func (k *Keyring) Purpose(name string) *Box {
	return k.newBox(func(value string) string { return purposeSecret(value, name) })
}

func purposeSecret(value, purpose string) string {
	key, err := hkdf.Key(sha256.New, []byte(value), []byte("better-auth:oauth-encryption:v1"), "better-auth:"+purpose+":v1", 32)
	if err != nil {
		panic(err) // only for more than 255 blocks of output
	}
	return hex.EncodeToString(key)
}

// Encrypt seals plaintext with the keyring's own box.
func (k *Keyring) Encrypt(plaintext []byte) string { return k.box.Encrypt(plaintext) }

// Decrypt opens what [Keyring.Encrypt] sealed with any secret of the keyring.
// Every refusal is an [ErrInvalid].
func (k *Keyring) Decrypt(sealed string) ([]byte, error) { return k.box.Decrypt(sealed) }

// Encrypt seals plaintext under a nonce of its own.
func (b *Box) Encrypt(plaintext []byte) string {
	sealed := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plaintext)+chacha20poly1305.Overhead)
	_, _ = rand.Read(sealed) // never returns an error
	sealed = b.seal.Seal(sealed, sealed, plaintext, nil)

	text := make([]byte, 0, len(b.prefix)+hex.EncodedLen(len(sealed)))
	text = append(text, b.prefix...)
	return string(hex.AppendEncode(text, sealed))
}

// Decrypt opens a sealed value. Every refusal is an [ErrInvalid].
func (b *Box) Decrypt(sealed string) ([]byte, error) {
	aead, text, err := b.key(sealed)
	if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) < chacha20poly1305.NonceSizeX {
		return nil, fmt.Errorf("decrypt: not a sealed value: %w", ErrInvalid)
	}
	nonce, box := raw[:chacha20poly1305.NonceSizeX], raw[chacha20poly1305.NonceSizeX:]
	plaintext, err := aead.Open(box[:0], nonce, box, nil)
	if err != nil {
		return nil, fmt.Errorf("decrypt: sealed with another secret, or changed: %w", ErrInvalid)
	}
	return plaintext, nil
}

// key returns the key that a sealed value asks for, and its hex text.
func (b *Box) key(sealed string) (cipher.AEAD, string, error) {
	version, text, found := splitEnvelope(sealed)
	switch {
	case !found && b.bare == nil:
		return nil, "", fmt.Errorf("decrypt: no version, and no secret from before versions is configured: %w", ErrInvalid)
	case !found:
		return b.bare, text, nil
	}
	aead, known := b.versions[version]
	if !known {
		return nil, "", fmt.Errorf("decrypt: secret version %d is not configured: %w", version, ErrInvalid)
	}
	return aead, text, nil
}

// splitEnvelope splits "$ba$<version>$<hex>". Anything else is returned whole.
func splitEnvelope(sealed string) (version int, text string, found bool) {
	rest, found := strings.CutPrefix(sealed, envelopePrefix)
	if !found {
		return 0, sealed, false
	}
	number, text, found := strings.Cut(rest, "$")
	if !found {
		return 0, sealed, false
	}
	version, ok := parseVersion(number)
	if !ok {
		return 0, sealed, false
	}
	return version, text, true
}

// LooksEncrypted tells whether a stored OAuth token is to be opened with
// [Keyring.Decrypt], as opposed to one that was stored before encryption was
// turned on: it begins with "$ba$" or is hex of an even length.
func LooksEncrypted(value string) bool {
	if strings.HasPrefix(value, envelopePrefix) {
		return true
	}
	if value == "" || len(value)%2 != 0 {
		return false
	}
	for i := range len(value) {
		c := value[i]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}
