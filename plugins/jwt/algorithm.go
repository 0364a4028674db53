package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Algorithm is a signature algorithm (RFC 7518, RFC 8037).
type Algorithm string

// The algorithms.
const (
	EdDSA Algorithm = "EdDSA" // Ed25519: small and fast
	ES256 Algorithm = "ES256" // ECDSA on P-256
	ES512 Algorithm = "ES512" // ECDSA on P-521
	PS256 Algorithm = "PS256" // RSA-PSS
	RS256 Algorithm = "RS256" // RSA PKCS #1 v1.5, which everybody knows
)

func algorithms() []Algorithm { return []Algorithm{EdDSA, ES256, ES512, PS256, RS256} }

func (a Algorithm) known() bool { return slices.Contains(algorithms(), a) }

func names() []string {
	var list []string
	for _, a := range algorithms() {
		list = append(list, string(a))
	}
	return list
}

func (a Algorithm) jose() jose.SignatureAlgorithm { return jose.SignatureAlgorithm(a) }

// generate makes a new key.
func (a Algorithm) generate(rsaBits int) (crypto.Signer, error) {
	switch a {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ES512:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case PS256, RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

// fits reports whether a public key is one of the algorithm.
func (a Algorithm) fits(public any) bool {
	switch key := public.(type) {
	case ed25519.PublicKey:
		return a == EdDSA
	case *ecdsa.PublicKey:
		return (a == ES256 && key.Curve == elliptic.P256()) || (a == ES512 && key.Curve == elliptic.P521())
	case *rsa.PublicKey:
		return (a == PS256 || a == RS256) && key.N.BitLen() >= 2048
	}
	return false
}

// curveOf is the name of a key's curve (RFC 7518, section 6.2.1.1); "" for RSA.
func curveOf(public any) string {
	switch key := public.(type) {
	case ed25519.PublicKey:
		return "Ed25519"
	case *ecdsa.PublicKey:
		return key.Params().Name
	}
	return ""
}
