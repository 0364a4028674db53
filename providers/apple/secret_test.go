package apple_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ostiary/ostiary/providers/apple"
)

var now = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func newKey(t testing.TB, curve elliptic.Curve) (*ecdsa.PrivateKey, apple.Key) {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
	return private, apple.Key{TeamID: "TEAM123456", KeyID: "KEY1234567", PEM: string(text)}
}

func TestClientSecret(t *testing.T) {
	t.Parallel()
	private, key := newKey(t, elliptic.P256())
	secret, err := key.ClientSecret("com.example.web", now, apple.MaxSecretLifetime)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(secret, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if id := signed.Signatures[0].Header.KeyID; id != "KEY1234567" {
		t.Errorf("key id %q", id)
	}
	text, err := signed.Verify(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"iss": "TEAM123456", "sub": "com.example.web", "aud": "https://appleid.apple.com",
		"iat": float64(now.Unix()), "exp": float64(now.Unix() + 15777000),
	}
	if fmt.Sprint(claims) != fmt.Sprint(want) {
		t.Errorf("claims %v, want %v", claims, want)
	}
}

func TestClientSecret_says_what_is_wrong(t *testing.T) {
	t.Parallel()
	_, good := newKey(t, elliptic.P256())
	_, otherCurve := newKey(t, elliptic.P384())
	change := func(set func(k *apple.Key)) apple.Key {
		k := good
		set(&k)
		return k
	}
	for name, test := range map[string]struct {
		key      apple.Key
		client   string
		lifetime time.Duration
		want     string
	}{
		"too long":     {good, "c", apple.MaxSecretLifetime + time.Second, "4382h30m0s"},
		"no time":      {good, "c", 0, "1s to"},
		"in the past":  {good, "c", -time.Hour, "1s to"},
		"no team":      {change(func(k *apple.Key) { k.TeamID = "" }), "c", time.Hour, "required"},
		"no key id":    {change(func(k *apple.Key) { k.KeyID = "" }), "c", time.Hour, "required"},
		"no client":    {good, "", time.Hour, "required"},
		"no PEM":       {change(func(k *apple.Key) { k.PEM = "/keys/AuthKey.p8" }), "c", time.Hour, "text of the .p8 file"},
		"no PKCS #8":   {change(func(k *apple.Key) { k.PEM = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n" }), "c", time.Hour, "PKCS #8"},
		"other curve":  {otherCurve, "c", time.Hour, "P-256"},
		"half a PEM":   {change(func(k *apple.Key) { k.PEM = k.PEM[:60] }), "c", time.Hour, "PEM"},
		"empty values": {apple.Key{}, "c", time.Hour, "required"},
	} {
		secret, err := test.key.ClientSecret(test.client, now, test.lifetime)
		if err == nil || secret != "" || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %q %v, want an error with %q", name, secret, err, test.want)
		}
	}
}
