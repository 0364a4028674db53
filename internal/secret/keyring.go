// Package secret holds the application's secrets and everything that is made
// with them: cookie signatures, HS256 tokens, sealed text and encrypted tokens,
// in the formats of Better Auth 1.7.
//
// One [Keyring] is made at start-up. Signing always uses its current secret.
// Sealed and encrypted values made with an earlier secret stay readable; signed
// ones only when [Options.AcceptPrevious] says so.
package secret

import (
	"errors"
	"fmt"
	"io"
)

// Default is the secret that Better Auth 1.7 falls back to when none is
// configured. It protects nothing, and no program may run in production with it.
const Default = "better-auth-secret-12345678901234567890"

// Errors that tell why a token or a sealed value was refused.
var (
	// ErrInvalid means malformed, forged, or made with an unknown secret.
	ErrInvalid = errors.New("invalid")
	// ErrExpired means authentic, but past its lifetime.
	ErrExpired = errors.New("expired")
)

// Version is one entry of the option `secrets`.
type Version struct {
	// Version names the secret inside sealed values. Not negative, and never
	// given to another secret later.
	Version int `json:"version"`
	// Value is the secret. Not empty.
	Value String `json:"value"`
}

// Options say which secrets a [Keyring] holds. At least one is needed.
type Options struct {
	// Secret is the only secret or, beside Versions, the one from before there
	// were versions: then it only opens what was sealed at that time. Beside
	// Versions, [Default] counts as not set.
	Secret String
	// Versions lists the secrets by version, the current one first. nil means
	// that secrets have no versions; a list that is empty is an error.
	Versions []Version
	// AcceptPrevious also accepts signatures made with the other secrets, as a
	// grace period after a rotation. Default false: a rotation ends every
	// session. Leave it off when a secret is rotated because it has leaked.
	AcceptPrevious bool
}

// Keyring signs and seals with the current secret. It may be used by several
// goroutines at once.
type Keyring struct {
	current  string
	macs     []*macer // the current one first, then those that may verify
	box      *Box
	versions []versioned
	legacy   string
	ceks     cekCache
}

type versioned struct {
	version int
	value   string
}

// NewKeyring checks the options and prepares their keys. Its errors name the
// option at fault and the remedy, never a secret.
func NewKeyring(o Options) (*Keyring, error) {
	k := &Keyring{}
	if o.Versions == nil {
		if o.Secret == "" {
			return nil, errors.New("option `secret` is empty: set it to at least 32 random characters")
		}
		k.current = o.Secret.Reveal()
	} else {
		versions, err := checkVersions(o.Versions)
		if err != nil {
			return nil, err
		}
		k.versions, k.current = versions, versions[0].value
		if o.Secret != Default {
			k.legacy = o.Secret.Reveal()
		}
	}
	k.macs = k.newMacers(o.AcceptPrevious)
	k.box = k.newBox(func(value string) string { return value })
	return k, nil
}

func checkVersions(list []Version) ([]versioned, error) {
	if len(list) == 0 {
		return nil, errors.New("option `secrets` is empty: list at least one {version, value}, or use `secret` instead")
	}
	seen := make(map[int]bool, len(list))
	versions := make([]versioned, 0, len(list))
	for i, entry := range list {
		switch {
		case entry.Version < 0:
			return nil, fmt.Errorf("option `secrets`: entry %d has the version %d: use an integer that is not negative", i+1, entry.Version)
		case seen[entry.Version]:
			return nil, fmt.Errorf("option `secrets`: version %d is listed twice: give every secret a version of its own", entry.Version)
		case entry.Value == "":
			return nil, fmt.Errorf("option `secrets`: the value of version %d is empty: set it to at least 32 random characters", entry.Version)
		}
		seen[entry.Version] = true
		versions = append(versions, versioned{entry.Version, entry.Value.Reveal()})
	}
	return versions, nil
}

func (k *Keyring) newMacers(acceptPrevious bool) []*macer {
	macs := []*macer{newMacer(k.current)}
	if acceptPrevious {
		for _, value := range k.previous() {
			macs = append(macs, newMacer(value))
		}
	}
	return macs
}

// previous returns every secret but the current one, the newest first.
func (k *Keyring) previous() []string {
	var values []string
	for i, v := range k.versions {
		if i > 0 {
			values = append(values, v.value)
		}
	}
	if k.legacy != "" {
		values = append(values, k.legacy)
	}
	return values
}

// Current returns a copy of the current secret, for keys that other packages
// derive from it.
func (k *Keyring) Current() []byte { return []byte(k.current) }

// Format prints "[redacted]" for every verb, so that a keyring inside a logged
// value gives nothing away.
func (*Keyring) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }
