package social

import (
	"encoding/base64"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/random"
)

// A PKCE verifier has 128 characters (RFC 7636, section 4.1): random ones, 510
// bits, and 43 that bind it to the state and to the provider for which both were
// made. So a state that was made for one provider is of no use at the callback
// of another (mix-up, RFC 9700, section 4.4), although what is stored is exactly
// what Better Auth stores, and the provider sees nothing but a random verifier.
const (
	verifierLength = 128
	verifierTag    = 43 // SHA-256 in base64url
)

func newVerifier(k *core.Kernel, state, providerID string) string {
	text := k.Random.String(verifierLength-verifierTag, random.URLSafe)
	mac := k.Secrets.MAC(verifierParts(text, state, providerID)...)
	return text + base64.RawURLEncoding.EncodeToString(mac[:])
}

// verifierMadeFor reports whether a verifier was made for a state and provider.
func verifierMadeFor(k *core.Kernel, verifier, state, providerID string) bool {
	if len(verifier) != verifierLength {
		return false
	}
	text, tag := verifier[:verifierLength-verifierTag], verifier[verifierLength-verifierTag:]
	mac, err := base64.RawURLEncoding.Strict().DecodeString(tag)
	return err == nil && k.Secrets.VerifyMAC(mac, verifierParts(text, state, providerID)...)
}

// verifierParts are what is signed. The zero bytes keep the parts apart: none of
// them can contain one.
func verifierParts(text, state, providerID string) [][]byte {
	return [][]byte{[]byte("oauth-code-verifier:v1\x00"), []byte(text), {0}, []byte(state), {0}, []byte(providerID)}
}
