package secret

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// vectors are values that Better Auth 1.7.25 made, with what it says when it
// reads them back.
type vectors struct {
	SignedCookies []struct {
		ID, Secret, Value, SignatureBase64, Decoded, Expect string
	}
	Symmetric []struct {
		ID, Purpose, Ciphertext, Plaintext, Expect string
		DecryptKey                                 vectorKey
	}
	PurposeKeys []struct {
		Purpose, Secret, DerivedSecretHex string
	}
	JWE []struct {
		ID, Salt, KeyHex, Token, Expect string
		DecryptKey                      vectorKey
		ProtectedHeader                 struct{ Kid string }
		Claims                          json.RawMessage
		DecodeAtUnix                    int64
	}
	EmailVerification []struct {
		ID, Secret, Token, PayloadJSON, Expect string
		DecodeAtUnix                           int64
	}
	SecretsEnv []struct {
		Env    string
		Parsed []struct {
			Version int
			Value   string
		}
	}
}

// vectorKey is either one secret or a set with versions.
type vectorKey struct {
	Secret         string
	Keys           map[int]string
	CurrentVersion int
	LegacySecret   string
}

func (v vectorKey) keyring(t *testing.T) *Keyring {
	t.Helper()
	if v.Keys == nil {
		return mustKeyring(t, Options{Secret: String(v.Secret)})
	}
	o := Options{
		Secret:   String(v.LegacySecret),
		Versions: []Version{{v.CurrentVersion, String(v.Keys[v.CurrentVersion])}},
	}
	for version, value := range v.Keys {
		if version != v.CurrentVersion {
			o.Versions = append(o.Versions, Version{version, String(value)})
		}
	}
	return mustKeyring(t, o)
}

func mustKeyring(t testing.TB, o Options) *Keyring {
	t.Helper()
	k, err := NewKeyring(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/better-auth-crypto.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.SignedCookies) == 0 || len(v.Symmetric) == 0 || len(v.PurposeKeys) == 0 ||
		len(v.JWE) == 0 || len(v.EmailVerification) == 0 || len(v.SecretsEnv) == 0 {
		t.Fatal("a group of vectors is empty")
	}
	return v
}

func TestSignedCookiesAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).SignedCookies {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			k := mustKeyring(t, Options{Secret: String(v.Secret)})
			if v.SignatureBase64 != "" {
				if got := k.Sign(v.Value); got != v.SignatureBase64 {
					t.Errorf("signature %s, want %s", got, v.SignatureBase64)
				}
				if got := k.SignedValue(v.Value); got != v.Decoded {
					t.Errorf("signed value %s, want %s", got, v.Decoded)
				}
			}
			value, state := k.OpenSigned(v.Decoded)
			if ok := state == Valid && value == v.Value; ok != (v.Expect == "ok") {
				t.Errorf("opened as %q, %v; want %s", value, state, v.Expect)
			}
		})
	}
}

func TestSealedTextIsThatOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).Symmetric {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			k := v.DecryptKey.keyring(t)
			box := k.box
			if v.Purpose != "" {
				box = k.Purpose(v.Purpose)
			}
			got, err := box.Decrypt(v.Ciphertext)
			if v.Expect == "ok" {
				if err != nil || string(got) != v.Plaintext {
					t.Fatalf("got %q, %v; want %q", got, err, v.Plaintext)
				}
				if !LooksEncrypted(v.Ciphertext) {
					t.Error("does not look encrypted")
				}
			} else if !errors.Is(err, ErrInvalid) || got != nil {
				t.Fatalf("got %q, %v; want a refusal", got, err)
			}
		})
	}
}

func TestPurposeSecretsAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).PurposeKeys {
		if got := purposeSecret(v.Secret, v.Purpose); got != v.DerivedSecretHex {
			t.Errorf("%s: got %s, want %s", v.Purpose, got, v.DerivedSecretHex)
		}
	}
}

func TestEncryptedTokensAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).JWE {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			k := v.DecryptKey.keyring(t)
			if v.ProtectedHeader.Kid != "" {
				keys, err := k.contentKeys(v.Salt)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(keys, func(c cek) bool { return c.kid == v.ProtectedHeader.Kid }) {
					t.Error("no key has the thumbprint of the header")
				}
			}
			claims, err := k.DecryptJWE(v.Salt, v.Token, time.Unix(v.DecodeAtUnix, 0))
			if v.Expect != "ok" {
				if !errors.Is(err, ErrInvalid) {
					t.Fatalf("got %s, %v; want a refusal", claims, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decodeJSON(t, v.Claims), decodeJSON(t, claims)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEmailTokensAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).EmailVerification {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			k := mustKeyring(t, Options{Secret: String(v.Secret)})
			payload, err := k.VerifyJWT(v.Token, time.Unix(v.DecodeAtUnix, 0))
			if !strings.HasPrefix(v.Expect, "ok") {
				want := ErrInvalid
				if v.ID == "expired" {
					want = ErrExpired
				}
				if !errors.Is(err, want) {
					t.Fatalf("got %s, %v; want %v", payload, err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.PayloadJSON == "" {
				return
			}
			if string(payload) != v.PayloadJSON {
				t.Errorf("payload %s, want %s", payload, v.PayloadJSON)
			}
			if got := resign(t, k, payload); got != v.Token {
				t.Errorf("signed again %s, want %s", got, v.Token)
			}
		})
	}
}

// resign signs the claims of a payload once more, in their order.
func resign(t *testing.T, k *Keyring, payload json.RawMessage) string {
	t.Helper()
	var lifetime struct{ Iat, Exp int64 }
	if err := json.Unmarshal(payload, &lifetime); err != nil {
		t.Fatal(err)
	}
	var claims Claims
	dec := json.NewDecoder(strings.NewReader(string(payload)))
	_, _ = dec.Token()
	for dec.More() {
		name, _ := dec.Token()
		value, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		if name != "iat" && name != "exp" {
			claims = append(claims, Claim{name.(string), value})
		}
	}
	token, err := k.SignJWT(claims, time.Duration(lifetime.Exp-lifetime.Iat)*time.Second, time.Unix(lifetime.Iat, 0))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestEnvironmentFormIsThatOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).SecretsEnv {
		got, err := ParseVersions(v.Env)
		if err != nil {
			t.Fatal(err)
		}
		var want []Version
		for _, entry := range v.Parsed {
			want = append(want, Version{entry.Version, String(entry.Value)})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s was parsed into other secrets", v.Env)
		}
	}
}

func decodeJSON(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The keys of the OAuth proxy, as the build of Better Auth 1.7.25 derives them.
func TestPurposeSecretsOfTheProxy(t *testing.T) {
	t.Parallel()
	for purpose, want := range map[string]string{
		"oauth-proxy-package": "ba22c1ed32062bce119dc086f0fa9bad3845c43f272ab574c5865ba34d2765ec",
		"oauth-proxy-state":   "5963e9a6fc1b7a605b35379da23ac70856e33f2d66a786eed84fdf0226933d3c",
		"oauth-proxy-profile": "4700393f696d0cf56036bce4cb88629129116234eaaaeeed773cbbc2b40a72c1",
		"oauth-state-cookie":  "4cb05b956949ac8c5b366f92f7a96bb2498352edcbd2ad3a48e6fddf1e2f23bf",
	} {
		if got := purposeSecret("better-auth-secret-that-is-long-enough-for-validation-test", purpose); got != want {
			t.Errorf("%s: got %s, want %s", purpose, got, want)
		}
	}
}
