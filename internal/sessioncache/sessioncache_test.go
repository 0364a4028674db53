package sessioncache_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/internal/sessioncache"
)

var (
	now        = time.UnixMilli(1893456000000)
	strategies = []sessioncache.Strategy{sessioncache.Compact, sessioncache.JWT, sessioncache.JWE}
	example    = sessioncache.Payload{
		Session:   json.RawMessage(`{"id":"s1","token":"t1","userId":"u1","expiresAt":"2030-01-01T00:00:00.000Z","createdAt":"2029-12-25T00:00:00.000Z","updatedAt":"2029-12-25T00:00:00.000Z","ipAddress":"","userAgent":"a<b>&c"}`),
		User:      json.RawMessage(`{"id":"u1","email":"a@b.co","emailVerified":false,"name":"É","image":null,"createdAt":"2029-01-01T00:00:00.000Z","updatedAt":"2029-01-01T00:00:00.000Z"}`),
		UpdatedAt: 1893456000000,
		Version:   "1",
	}
)

func keyring(t testing.TB, o secret.Options) *secret.Keyring {
	t.Helper()
	if o.Secret == "" && o.Versions == nil {
		o.Secret = "better-auth-go-test-secret-0123456789abcdef"
	}
	k, err := secret.NewKeyring(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func encode(t testing.TB, s sessioncache.Strategy, k *secret.Keyring, p sessioncache.Payload, ttl time.Duration) string {
	t.Helper()
	text, err := sessioncache.Encode(s, k, p, ttl, now, "6bd0d8c9-9e2b-4f11-a258-5fa57453e818")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// compact returns the cookie text for any outer JSON text.
func compact(outer string) string { return base64.RawURLEncoding.EncodeToString([]byte(outer)) }

// signCompact signs any payload text as the compact strategy does.
func signCompact(k *secret.Keyring, payload, expiresAt string) string {
	mac := k.MAC([]byte(strings.TrimSuffix(payload, "}") + `,"expiresAt":` + expiresAt + `}`))
	return compact(`{"session":` + payload + `,"expiresAt":` + expiresAt + `,"signature":"` + base64.RawURLEncoding.EncodeToString(mac[:]) + `"}`)
}

func TestCachesOfBetterAuthAreRead(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../secret/testdata/better-auth-crypto.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		CookieCache []struct {
			ID, Strategy, Secret, Expect string
			Secrets                      []secret.Version
			CacheMaxAge, DecodeAtUnix    int64
			IssuedAtMs                   int64
			CacheCookie                  struct{ Value string }
			ReadBackByGetCookieCache     struct {
				Session, User json.RawMessage
				UpdatedAt     int64
				Version       string
			}
			ImplementationMayAccept bool
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.CookieCache) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range vectors.CookieCache {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			k := keyring(t, secret.Options{Secret: secret.String(v.Secret), Versions: v.Secrets})
			strategy := sessioncache.Strategy(v.Strategy)
			got, expiresAt, err := sessioncache.Decode(strategy, k, v.CacheCookie.Value, time.Unix(v.DecodeAtUnix, 0))
			if v.Expect != "ok" {
				if err == nil && !v.ImplementationMayAccept {
					t.Fatalf("accepted: %s", got.Session)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			issued := time.UnixMilli(v.IssuedAtMs)
			ttl := time.Duration(v.CacheMaxAge) * time.Second
			if !expiresAt.Equal(issued.Add(ttl)) {
				t.Errorf("expires at %v", expiresAt)
			}
			want := v.ReadBackByGetCookieCache
			if got.UpdatedAt != want.UpdatedAt || got.Version != want.Version {
				t.Errorf("updatedAt %d, version %q", got.UpdatedAt, got.Version)
			}
			sameJSON(t, want.Session, got.Session)
			sameJSON(t, want.User, got.User)

			again, err := sessioncache.Encode(strategy, k, got, ttl, issued, "id")
			if err != nil {
				t.Fatal(err)
			}
			if strategy != sessioncache.JWE && again != v.CacheCookie.Value {
				t.Errorf("encoded again as\n%s, want\n%s", again, v.CacheCookie.Value)
			}
		})
	}
}

func sameJSON(t *testing.T, want, got json.RawMessage) {
	t.Helper()
	var w, g any
	if err := errors.Join(json.Unmarshal(want, &w), json.Unmarshal(got, &g)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCompactSignatureOfTheDocumentedExample(t *testing.T) {
	t.Parallel()
	raw, err := base64.RawURLEncoding.DecodeString(encode(t, sessioncache.Compact, keyring(t, secret.Options{}), example, 300*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	want := `,"expiresAt":1893456300000,"signature":"SvRmtQk-UDZkpuxc1MFDF1vdPbIz9K0WTOcGom4TcXc"}`
	if !strings.HasSuffix(string(raw), want) {
		t.Errorf("got %s", raw)
	}
}

func TestCacheIsReadBackUntilItExpires(t *testing.T) {
	t.Parallel()
	withoutMaxAge := map[sessioncache.Strategy]time.Duration{
		sessioncache.Compact: 60 * time.Second,
		sessioncache.JWT:     300 * time.Second,
		sessioncache.JWE:     300 * time.Second,
	}
	for _, s := range strategies {
		for ttl, want := range map[time.Duration]time.Duration{
			300 * time.Second: 300 * time.Second,
			0:                 withoutMaxAge[s],
		} {
			t.Run(string(s)+" "+ttl.String(), func(t *testing.T) {
				t.Parallel()
				k := keyring(t, secret.Options{})
				text := encode(t, s, k, example, ttl)
				got, expiresAt, err := sessioncache.Decode(s, k, text, now)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(example, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				if !expiresAt.Equal(now.Add(want)) {
					t.Errorf("expires at %v, want %v", expiresAt, now.Add(want))
				}
				if _, _, err := sessioncache.Decode(s, k, text, expiresAt.Add(-time.Millisecond)); err != nil {
					t.Errorf("in its last moment: %v", err)
				}
				if p, _, err := sessioncache.Decode(s, k, text, expiresAt.Add(time.Millisecond)); !errors.Is(err, sessioncache.ErrExpired) || p.Session != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

func TestMissingVersionIsTheDefault(t *testing.T) {
	t.Parallel()
	for _, s := range strategies {
		k := keyring(t, secret.Options{})
		p := example
		for given, want := range map[string]string{"": "1", "1": "1", "é\"2": "é\"2"} {
			p.Version = given
			got, _, err := sessioncache.Decode(s, k, encode(t, s, k, p, time.Minute), now)
			if err != nil || got.Version != want {
				t.Errorf("%s: version %q, %v; want %q", s, got.Version, err, want)
			}
		}
	}
	k := keyring(t, secret.Options{})
	got, _, err := sessioncache.Decode("", k, signCompact(k, `{"session":{},"user":{},"updatedAt":1}`, "1893456300000"), now)
	if err != nil || got.Version != sessioncache.DefaultVersion {
		t.Errorf("version %q, %v", got.Version, err)
	}
}

func TestOnlyTheEncryptedCacheSurvivesARotation(t *testing.T) {
	t.Parallel()
	const first, second = "first-secret-of-the-test", "second-secret-of-the-test"
	before := keyring(t, secret.Options{Versions: []secret.Version{{Version: 1, Value: first}}})
	rotated := secret.Options{Versions: []secret.Version{{Version: 2, Value: second}, {Version: 1, Value: first}}}
	after := keyring(t, rotated)
	rotated.AcceptPrevious = true
	lenient := keyring(t, rotated)
	for _, s := range strategies {
		text := encode(t, s, before, example, time.Minute)
		if _, _, err := sessioncache.Decode(s, after, text, now); (err == nil) != (s == sessioncache.JWE) {
			t.Errorf("%s: %v", s, err)
		}
		if _, _, err := sessioncache.Decode(s, lenient, text, now); err != nil {
			t.Errorf("%s with previous secrets accepted: %v", s, err)
		}
	}
}

func TestCacheOfAnotherStrategyOrSecretIsRefused(t *testing.T) {
	t.Parallel()
	k, other := keyring(t, secret.Options{}), keyring(t, secret.Options{Secret: "another"})
	for _, s := range strategies {
		text := encode(t, s, k, example, time.Minute)
		for _, read := range append(strategies, "unknown") {
			if _, _, err := sessioncache.Decode(read, k, text, now); (err == nil) != (read == s) {
				t.Errorf("%s read as %s: %v", s, read, err)
			}
		}
		if _, _, err := sessioncache.Decode(s, other, text, now); !errors.Is(err, sessioncache.ErrInvalid) {
			t.Errorf("%s under another secret: %v", s, err)
		}
	}
}

func TestEveryChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	for _, s := range strategies {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			k := keyring(t, secret.Options{})
			text := encode(t, s, k, example, time.Minute)
			want, _, err := sessioncache.Decode(s, k, text, now)
			if err != nil {
				t.Fatal(err)
			}
			for i := range text {
				c := byte('A')
				if text[i] == c {
					c = 'B'
				}
				changed := text[:i] + string(c) + text[i+1:]
				// Bits behind the end of the content may be ignored.
				if got, _, err := sessioncache.Decode(s, k, changed, now); err == nil && !cmp.Equal(got, want) {
					t.Errorf("changed at %d, and read as other content", i)
				}
			}
		})
	}
}

func TestCompactRefusesEveryOtherShape(t *testing.T) {
	t.Parallel()
	k := keyring(t, secret.Options{})
	const payload, expiry = `{"session":{},"user":{},"updatedAt":1,"version":"1"}`, "1893456300000"
	valid := signCompact(k, payload, expiry)
	if _, _, err := sessioncache.Decode(sessioncache.Compact, k, valid, now); err != nil {
		t.Fatal(err)
	}
	signature := strings.Repeat("A", 43)
	for name, text := range map[string]string{
		"empty":                 "",
		"no base64":             "%%%",
		"line break":            valid[:8] + "\n" + valid[8:],
		"both alphabets":        "+-AA",
		"not JSON":              compact("hello"),
		"empty object":          compact(`{}`),
		"only the frame":        compact(`{"session":,"expiresAt":1,"signature":"` + signature + `"}`),
		"no payload":            compact(`{"session":,"expiresAt":,"signature":""}`),
		"half a payload":        compact(`{"session":{,"expiresAt":1,"signature":"` + signature + `"}`),
		"payload not an object": compact(`{"session":[],"expiresAt":1,"signature":"` + signature + `"}`),
		"no expiry":             compact(`{"session":` + payload + `,"signature":"` + signature + `"}`),
		"empty expiry":          compact(`{"session":` + payload + `,"expiresAt":,"signature":"` + signature + `"}`),
		"wrong signature":       compact(`{"session":` + payload + `,"expiresAt":` + expiry + `,"signature":"` + signature + `"}`),
		"short signature":       compact(`{"session":` + payload + `,"expiresAt":` + expiry + `,"signature":"AAAA"}`),
		"signature not base64":  compact(`{"session":` + payload + `,"expiresAt":` + expiry + `,"signature":"` + strings.Repeat("!", 43) + `"}`),
		"expiry too large":      signCompact(k, payload, "99999999999999999999999"),
		"no session":            signCompact(k, `{"user":{},"updatedAt":1}`, expiry),
		"session is null":       signCompact(k, `{"session":null,"user":{},"updatedAt":1}`, expiry),
		"no user":               signCompact(k, `{"session":{},"updatedAt":1}`, expiry),
		"user is a string":      signCompact(k, `{"session":{},"user":"u","updatedAt":1}`, expiry),
		"no updatedAt":          signCompact(k, `{"session":{},"user":{}}`, expiry),
		"updatedAt is a string": signCompact(k, `{"session":{},"user":{},"updatedAt":"1"}`, expiry),
		"version is a number":   signCompact(k, `{"session":{},"user":{},"updatedAt":1,"version":1}`, expiry),
		"version is null":       signCompact(k, `{"session":{},"user":{},"updatedAt":1,"version":null}`, expiry),
		"payload unbalanced":    signCompact(k, `{"session":{},"user":{"updatedAt":1}`, expiry),
		"two payloads":          signCompact(k, payload+`,`+payload, expiry),
		"too long":              strings.Repeat("A", 600<<10),
		"one character":         "A",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := sessioncache.Decode(sessioncache.Compact, k, text, now)
			if !errors.Is(err, sessioncache.ErrInvalid) {
				t.Errorf("error %v", err)
			}
		})
	}
	for name, text := range map[string]string{
		"padding":             valid + "==",
		"standard alphabet":   strings.NewReplacer("-", "+", "_", "/").Replace(valid),
		"text behind the end": valid + "=%%%",
	} {
		if _, _, err := sessioncache.Decode(sessioncache.Compact, k, text, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExpiryCannotBeMovedIntoThePayload(t *testing.T) {
	t.Parallel()
	k := keyring(t, secret.Options{})
	// Everything up to the second expiry is what was signed for the first.
	inner := `{"session":{},"user":{},"updatedAt":1`
	mac := k.MAC([]byte(inner + `,"expiresAt":1893456000001}`))
	text := compact(`{"session":` + inner + `,"expiresAt":1893456000001},"expiresAt":9893456000001,"signature":"` + base64.RawURLEncoding.EncodeToString(mac[:]) + `"}`)
	if _, _, err := sessioncache.Decode(sessioncache.Compact, k, text, now); !errors.Is(err, sessioncache.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

func TestTokensOfOtherKindsAreRefused(t *testing.T) {
	t.Parallel()
	k := keyring(t, secret.Options{})
	email, err := k.SignJWT(secret.Claims{{Name: "email", Value: "a@b.co"}}, time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sessioncache.Decode(sessioncache.JWT, k, email, now); !errors.Is(err, sessioncache.ErrInvalid) {
		t.Errorf("e-mail token: %v", err)
	}
	account, err := k.EncryptJWE(secret.AccountSalt, secret.Claims{{Name: "session", Value: struct{}{}}, {Name: "user", Value: struct{}{}}, {Name: "updatedAt", Value: 1}}, time.Hour, now, "id")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sessioncache.Decode(sessioncache.JWE, k, account, now); !errors.Is(err, sessioncache.ErrInvalid) {
		t.Errorf("account cookie: %v", err)
	}
}

func TestLargeCachesAreRead(t *testing.T) {
	t.Parallel()
	k := keyring(t, secret.Options{})
	p := example
	p.User = json.RawMessage(`{"image":"` + strings.Repeat("x", 100<<10) + `"}`)
	for _, s := range strategies {
		if _, _, err := sessioncache.Decode(s, k, encode(t, s, k, p, time.Minute), now); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestEncodeRefusesUnknownStrategiesAndNegativeLifetimes(t *testing.T) {
	t.Parallel()
	k := keyring(t, secret.Options{})
	if _, err := sessioncache.Encode("yaml", k, example, 0, now, ""); err == nil {
		t.Error("unknown strategy")
	}
	for _, s := range strategies {
		if _, err := sessioncache.Encode(s, k, example, -time.Second, now, ""); err == nil {
			t.Errorf("%s with a negative lifetime", s)
		}
	}
}

func FuzzDecode(f *testing.F) {
	k := keyring(f, secret.Options{})
	for _, s := range strategies {
		f.Add(encode(f, s, k, example, time.Minute), `{"session":{},"user":{},"updatedAt":1}`, "1893456300000")
	}
	f.Add("", `{"session":{`, "1")
	f.Add("=", `{"session":{},"user":{},"updatedAt":1,"version":"\u00"}`, "")
	f.Fuzz(func(t *testing.T, text, payload, expiry string) {
		for _, s := range strategies {
			_, _, err := sessioncache.Decode(s, k, text, now)
			if err != nil && !errors.Is(err, sessioncache.ErrInvalid) && !errors.Is(err, sessioncache.ErrExpired) {
				t.Errorf("%s: %v", s, err)
			}
		}
		p, _, err := sessioncache.Decode(sessioncache.Compact, k, signCompact(k, payload, expiry), now)
		if err == nil && (p.Session[0] != '{' || p.User[0] != '{' || !strings.Contains(payload, string(p.Session))) {
			t.Errorf("read %s and %s from %s", p.Session, p.User, payload)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	k := keyring(b, secret.Options{})
	p := example
	p.User = json.RawMessage(`{"id":"9oO77662RQxuWfmCPBij9cZdxSWyoEfd","email":"ada.lovelace@example.com","emailVerified":true,"name":"Ada Lovelace","image":"https://img.example.com/u/9oO77662RQxuWfmCPBij9cZdxSWyoEfd.png","createdAt":"2029-01-01T00:00:00.000Z","updatedAt":"2029-01-01T00:00:00.000Z"}`)
	p.Session = json.RawMessage(`{"id":"6D8fW4TPSEGT7hzOaIrYqB5P8RrOBdVb","token":"y2J4arJhP1h44PSMmyZX9fL4nDXf6oqi","userId":"9oO77662RQxuWfmCPBij9cZdxSWyoEfd","expiresAt":"2030-01-01T00:00:00.000Z","createdAt":"2029-12-25T00:00:00.000Z","updatedAt":"2029-12-25T00:00:00.000Z","ipAddress":"203.0.113.10","userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}`)
	for _, s := range strategies {
		text := encode(b, s, k, p, time.Minute)
		b.Run(string(s), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := sessioncache.Decode(s, k, text, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
