package twofactor

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"github.com/ostiary/ostiary/internal/secret"
)

// codeStore keeps codes in the form that the options ask for.
type codeStore struct {
	storage          Storage
	hash             func(code string) (string, error)
	encrypt, decrypt func(text string) (string, error)
	secrets          *secret.Keyring
}

// seal returns what is stored of a text.
func (s *codeStore) seal(text string) (string, error) {
	switch {
	case s.hash != nil:
		return s.hash(text)
	case s.encrypt != nil:
		return s.encrypt(text)
	case s.storage == Hashed:
		sum := sha256.Sum256([]byte(text))
		return base64.RawURLEncoding.EncodeToString(sum[:]), nil
	case s.storage == Encrypted:
		return s.secrets.Encrypt([]byte(text)), nil
	}
	return text, nil
}

// open returns the text that was stored. Hashes cannot be opened.
func (s *codeStore) open(stored string) (string, error) {
	switch {
	case s.decrypt != nil:
		return s.decrypt(stored)
	case s.storage == Encrypted:
		text, err := s.secrets.Decrypt(stored)
		if err != nil {
			return "", fmt.Errorf("open stored code: %w", err)
		}
		return string(text), nil
	}
	return stored, nil
}

// matches reports in constant time whether a code is the one that was stored.
func (s *codeStore) matches(stored, code string) (bool, error) {
	want, got := stored, code
	var err error
	if s.hash != nil || (s.encrypt == nil && s.storage == Hashed) {
		got, err = s.seal(code)
	} else {
		want, err = s.open(stored)
	}
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1, nil
}
