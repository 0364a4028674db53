package jwt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ostiary/ostiary/internal/secret"
)

// StoredKey is a key as it is stored.
type StoredKey struct {
	// ID is the id of the key, by which tokens name it.
	ID string
	// PublicKey is a JSON Web Key (RFC 7517). PrivateKey is one too, or, when it
	// is encrypted, a JSON string with the sealed text.
	PublicKey, PrivateKey string
	// CreatedAt is when it was made, ExpiresAt when it stops signing; zero means
	// never.
	CreatedAt, ExpiresAt time.Time
	// Algorithm is what it signs with; "" means the primary algorithm.
	Algorithm Algorithm
	// Curve is the name of its curve; "" when it has none or it is not known.
	Curve string
}

// key is a stored key that can be used.
type key struct {
	stored    StoredKey
	algorithm Algorithm
	public    jose.JSONWebKey
	private   func() (jose.JSONWebKey, error) // decrypts once
}

// openKey reads a stored key. The private part is opened when it is needed.
func openKey(s StoredKey, primary Algorithm, secrets *secret.Keyring) (*key, error) {
	k := &key{stored: s, algorithm: s.Algorithm}
	if k.algorithm == "" {
		k.algorithm = primary
	}
	if err := k.public.UnmarshalJSON([]byte(s.PublicKey)); err != nil || !k.public.Valid() || !k.public.IsPublic() {
		return nil, fmt.Errorf("the public key of the row %q in %s is not a JSON Web Key", s.ID, modelKey)
	}
	if !k.algorithm.fits(k.public.Key) {
		return nil, fmt.Errorf("the key of the row %q in %s is not one of the algorithm %s", s.ID, modelKey, k.algorithm)
	}
	k.public.KeyID = s.ID
	k.private = sync.OnceValues(func() (jose.JSONWebKey, error) { return openPrivate(s, secrets) })
	return k, nil
}

func openPrivate(s StoredKey, secrets *secret.Keyring) (jose.JSONWebKey, error) {
	var private jose.JSONWebKey
	text := []byte(s.PrivateKey)
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte{'"'}) {
		var sealed string
		if err := json.Unmarshal(text, &sealed); err != nil {
			return private, fmt.Errorf("read the private key of the row %q in %s: %w", s.ID, modelKey, err)
		}
		var err error
		if text, err = secrets.Decrypt(sealed); err != nil {
			return private, fmt.Errorf("the private key of the row %q in %s was encrypted with another secret: add that one to Secrets, or delete the row to have a new key made: %w", s.ID, modelKey, err)
		}
	}
	// What is wrong is not said: the text is the key.
	if private.UnmarshalJSON(text) != nil || !private.Valid() || private.IsPublic() {
		return jose.JSONWebKey{}, fmt.Errorf("the private key of the row %q in %s is not a JSON Web Key", s.ID, modelKey)
	}
	private.KeyID = s.ID
	return private, nil
}

// signs reports whether the key still signs at a time.
func (k *key) signs(now time.Time) bool {
	return k.stored.ExpiresAt.IsZero() || k.stored.ExpiresAt.After(now)
}

// newStoredKey makes a key. It has no id yet.
func newStoredKey(a Algorithm, o *Options, secrets *secret.Keyring, now time.Time) (StoredKey, error) {
	signer, err := a.generate(o.RSABits)
	if err != nil {
		return StoredKey{}, fmt.Errorf("make a key for %s: %w", a, err)
	}
	public, err := json.Marshal(jose.JSONWebKey{Key: signer.Public()})
	if err != nil {
		return StoredKey{}, fmt.Errorf("make a key for %s: %w", a, err)
	}
	private, err := json.Marshal(jose.JSONWebKey{Key: signer})
	if err != nil {
		return StoredKey{}, errors.New("make a key: the private key cannot be written")
	}
	if !o.DisablePrivateKeyEncryption {
		private, err = json.Marshal(secrets.Encrypt(private))
		if err != nil {
			return StoredKey{}, errors.New("make a key: the private key cannot be written")
		}
	}
	s := StoredKey{PublicKey: string(public), PrivateKey: string(private), CreatedAt: now, Algorithm: a, Curve: curveOf(signer.Public())}
	if o.RotationInterval > 0 {
		s.ExpiresAt = now.Add(o.RotationInterval)
	}
	return s, nil
}
