package jwt

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// publish answers the public keys. Caches can ask whether they have changed.
func (p *Plugin) publish(c *core.Context, _ route.None) (KeySet, error) {
	if p.options.RemoteURL != "" {
		return KeySet{}, core.FailEmpty(http.StatusNotFound)
	}
	keys, err := p.keys.published(c)
	if err != nil {
		return KeySet{}, err
	}
	set := KeySet{Keys: make([]PublicKey, len(keys))}
	for i, k := range keys {
		if set.Keys[i], err = k.publicKey(); err != nil {
			return KeySet{}, err
		}
	}
	tag, err := set.tag()
	if err != nil {
		return KeySet{}, err
	}
	c.SetHeader("ETag", tag)
	if p.options.JWKSMaxAge > 0 {
		c.SetHeader("Cache-Control", "public, max-age="+strconv.FormatInt(int64(p.options.JWKSMaxAge/time.Second), 10))
	}
	if matches(c.Header.Get("If-None-Match"), tag) {
		return KeySet{}, core.FailEmpty(http.StatusNotModified)
	}
	return set, nil
}

// tag returns what tells one version of the keys from another (RFC 9110, section
// 8.8.3).
func (s *KeySet) tag() (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("write the keys: %w", err)
	}
	sum := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, nil
}

// matches reports whether a client has the current version (RFC 9110, section
// 13.1.2).
func matches(condition, tag string) bool {
	for have := range strings.SplitSeq(condition, ",") {
		have = strings.TrimSpace(have)
		if have == "*" || strings.TrimPrefix(have, "W/") == tag {
			return true
		}
	}
	return false
}

// publicKey returns the key as it is published: members that are known to be
// public, and no others.
func (k *key) publicKey() (PublicKey, error) {
	text, err := k.public.MarshalJSON()
	if err != nil {
		return PublicKey{}, fmt.Errorf("write a public key: %w", err)
	}
	var out PublicKey
	if err := json.Unmarshal(text, &out); err != nil {
		return PublicKey{}, fmt.Errorf("write a public key: %w", err)
	}
	out.ID, out.Algorithm = k.stored.ID, k.algorithm
	return out, nil
}
