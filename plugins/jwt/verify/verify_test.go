package verify_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ostiary/ostiary/plugins/jwt/verify"
)

const (
	issuer = "https://app.example.com"
	keyID  = "key-1"
)

func now() time.Time { return time.Unix(1_800_000_000, 0) }

// issuing is a server that issues tokens and publishes its key.
type issuing struct {
	key     ed25519.PrivateKey
	fetched atomic.Int64
	down    atomic.Bool
}

func newIssuing(t testing.TB) *issuing {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &issuing{key: key}
}

func (s *issuing) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.fetched.Add(1)
	if s.down.Load() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: keyID, Algorithm: "EdDSA"}}}
	_ = json.NewEncoder(w).Encode(set)
}

func good() map[string]any {
	return map[string]any{"sub": "user-1", "iss": issuer, "aud": issuer, "exp": now().Unix() + 60}
}

// sign signs claims with a header of choice.
func (s *issuing) sign(t testing.TB, claims map[string]any, header map[string]any) string {
	t.Helper()
	all := map[string]any{"alg": "EdDSA", "kid": keyID}
	for name, v := range header {
		all[name] = v
	}
	head, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(s.key, []byte(text)))
}

func (s *issuing) verifier(t testing.TB, change func(o *verify.Options)) *verify.Verifier {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	o := verify.Options{KeysURL: server.URL, Issuer: issuer, Audience: issuer, Now: now, Leeway: -1}
	if change != nil {
		change(&o)
	}
	v, err := verify.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// L12 of the advisories: one claim that is missing or wrong is enough.
func TestAdvisory_L12_EveryClaimIsChecked(t *testing.T) {
	t.Parallel()
	s := newIssuing(t)
	v := s.verifier(t, nil)
	if claims, err := v.Verify(t.Context(), s.sign(t, good(), nil)); err != nil || claims.Subject() != "user-1" {
		t.Fatalf("a good token: %v", err)
	}
	for name, change := range map[string]func(c map[string]any){
		"no subject":           func(c map[string]any) { delete(c, "sub") },
		"empty subject":        func(c map[string]any) { c["sub"] = "" },
		"subject of a kind":    func(c map[string]any) { c["sub"] = 1 },
		"no issuer":            func(c map[string]any) { delete(c, "iss") },
		"another issuer":       func(c map[string]any) { c["iss"] = issuer + "/" },
		"no audience":          func(c map[string]any) { delete(c, "aud") },
		"another audience":     func(c map[string]any) { c["aud"] = "https://other.example.com" },
		"no audience in list":  func(c map[string]any) { c["aud"] = []any{} },
		"odd audience in list": func(c map[string]any) { c["aud"] = []any{issuer, 1} },
		"audience of a kind":   func(c map[string]any) { c["aud"] = map[string]any{issuer: true} },
		"no end":               func(c map[string]any) { delete(c, "exp") },
		"at its end":           func(c map[string]any) { c["exp"] = now().Unix() },
		"end of a kind":        func(c map[string]any) { c["exp"] = "9999999999" },
		"end beyond all time":  func(c map[string]any) { c["exp"] = 1e300 },
		"not yet":              func(c map[string]any) { c["nbf"] = now().Unix() + 1 },
		"beginning of a kind":  func(c map[string]any) { c["nbf"] = "now" },
	} {
		claims := good()
		change(claims)
		if _, err := v.Verify(t.Context(), s.sign(t, claims, nil)); !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	listed := good()
	listed["aud"] = []any{"x", issuer}
	if _, err := v.Verify(t.Context(), s.sign(t, listed, nil)); err != nil {
		t.Errorf("one of several audiences: %v", err)
	}
}

func TestSR_160_TheKeyDecidesHowATokenIsVerified(t *testing.T) {
	t.Parallel()
	s := newIssuing(t)
	v := s.verifier(t, nil)
	own, err := json.Marshal(jose.JSONWebKey{Key: s.key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]map[string]any{
		"none":        {"alg": "none"},
		"None":        {"alg": "None"},
		"HS256":       {"alg": "HS256"},
		"RS256":       {"alg": "RS256"},
		"no alg":      {"alg": nil},
		"no kid":      {"kid": ""},
		"kid of kind": {"kid": 1},
		"another kid": {"kid": "key-2"},
		"own key":     {"jwk": json.RawMessage(own)},
		"key by URL":  {"jku": "https://evil.example.com/jwks"},
		"certificate": {"x5u": "https://evil.example.com/cert"},
		"critical":    {"crit": []string{"exp"}},
		"compressed":  {"zip": "DEF"},
		"raw payload": {"b64": false},
		"encrypted":   {"enc": "A256GCM"},
	} {
		if _, err := v.Verify(t.Context(), s.sign(t, good(), header)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	token := s.sign(t, good(), nil)
	parts := strings.Split(token, ".")
	for name, text := range map[string]string{
		"empty": "", "dots": "..", "four parts": token + ".x", "no signature": parts[0] + "." + parts[1] + ".",
		"two parts": parts[0] + "." + parts[1], "changed claims": parts[0] + "." + parts[0] + "." + parts[2],
		"too long": token + strings.Repeat("A", verify.MaxLength), "many dots": strings.Repeat(".", 1<<20),
		"JSON form": `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
	} {
		if _, err := v.Verify(t.Context(), text); !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAKeyOfAnotherAlgorithmVerifiesNothing(t *testing.T) {
	t.Parallel()
	s := newIssuing(t)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rules := verify.Rules{Issuer: issuer, Audiences: []string{issuer}}
	for name, key := range map[string]any{"another kind": other.Public(), "a text": []byte("key"), "nothing": nil} {
		_, err := verify.Check(s.sign(t, good(), nil), rules, now(), func(verify.Header) ([]any, error) { return []any{key}, nil })
		if !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheTypeCanBeDemanded(t *testing.T) {
	t.Parallel()
	s := newIssuing(t)
	keys := func(verify.Header) ([]any, error) { return []any{s.key.Public()}, nil }
	for typ, want := range map[string]bool{"": true, "at+jwt": true, "jwt": false} {
		_, err := verify.Check(s.sign(t, good(), map[string]any{"typ": "at+jwt"}), verify.Rules{Type: typ}, now(), keys)
		if (err == nil) != want {
			t.Errorf("type %q: %v", typ, err)
		}
	}
}

func TestKeysAreFetchedOnceAndKeptWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	s := newIssuing(t)
	clock := now()
	v := s.verifier(t, func(o *verify.Options) { o.Now = func() time.Time { return clock }; o.Leeway = time.Minute })
	for range 20 {
		if _, err := v.Verify(t.Context(), s.sign(t, good(), nil)); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		if _, err := v.Verify(t.Context(), s.sign(t, good(), map[string]any{"kid": "made up"})); err == nil {
			t.Fatal("a key that nobody has")
		}
	}
	if n := s.fetched.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
	s.down.Store(true)
	clock = clock.Add(time.Hour)
	claims := good()
	claims["exp"] = clock.Unix() + 60
	if _, err := v.Verify(t.Context(), s.sign(t, claims, nil)); err != nil {
		t.Errorf("while the server is away: %v", err)
	}
}

func TestRequireGuardsAHandler(t *testing.T) {
	t.Parallel()
	s := newIssuing(t)
	v := s.verifier(t, nil)
	handler := v.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(verify.ClaimsFrom(r.Context()).Subject()))
	}))
	for authorization, want := range map[string]int{
		"": 401, "Bearer ": 401, "Bearer x": 401, "Basic " + s.sign(t, good(), nil): 401,
		"bearer " + s.sign(t, good(), nil): 200, "Bearer " + s.sign(t, good(), nil): 200,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want || (want == 200) != (w.Body.String() == "user-1") || (want == 401) != (w.Header().Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%.20q: %d %s", authorization, w.Code, w.Body)
		}
	}
	if verify.ClaimsFrom(t.Context()) != nil {
		t.Error("claims from nowhere")
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]verify.Options{
		"no keys":     {Issuer: issuer, Audience: issuer},
		"no address":  {KeysURL: "/jwks", Issuer: issuer, Audience: issuer},
		"no issuer":   {KeysURL: issuer, Audience: issuer},
		"no audience": {KeysURL: issuer, Issuer: issuer},
	} {
		if _, err := verify.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzCheck(f *testing.F) {
	s := newIssuing(f)
	f.Add(s.sign(f, good(), nil))
	f.Add(s.sign(f, good(), map[string]any{"alg": "none"}))
	f.Add(s.sign(f, map[string]any{}, nil))
	f.Add("a.b.c")
	f.Add("..")
	f.Add("eyJhbGciOiJFZERTQSJ9.e30.")
	keys := func(verify.Header) ([]any, error) { return []any{s.key.Public()}, nil }
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := verify.Check(token, verify.Rules{}, now(), keys)
		if err == nil && (claims.Subject() == "" || len(token) > verify.MaxLength) {
			t.Errorf("%q is accepted", token)
		}
		if err != nil && !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("%q: %v", token, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	b.ReportAllocs()
	s := newIssuing(b)
	v, token := s.verifier(b, nil), s.sign(b, good(), nil)
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
