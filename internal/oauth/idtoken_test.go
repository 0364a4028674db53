package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keys answers requests for keys and counts them.
type keys struct {
	mu     sync.Mutex
	body   string
	status int
	asked  int
}

func (k *keys) RoundTrip(r *http.Request) (*http.Response, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	status := k.status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(k.body)), Request: r}, nil
}

func (k *keys) publish(set ...jose.JSONWebKey) {
	text, _ := json.Marshal(jose.JSONWebKeySet{Keys: set})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.body = string(text)
}

func (k *keys) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func public(id string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: rsaKey().Public(), KeyID: id, Algorithm: "RS256", Use: "sig"}
}

func sign(t testing.TB, algorithm jose.SignatureAlgorithm, key any, id string, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

type object = map[string]any

func good(pairs ...any) object {
	claims := object{"iss": "https://a.test", "sub": "1", "aud": "client", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for i := 0; i < len(pairs); i += 2 {
		if name := pairs[i].(string); pairs[i+1] == nil {
			delete(claims, name)
		} else {
			claims[name] = pairs[i+1]
		}
	}
	return claims
}

func rules(k *keys) (*IDTokenRules, *http.Client) {
	return &IDTokenRules{
		Issuers: []string{"https://a.test", "a.test"}, Audiences: []string{"client", "mobile"}, Algorithms: []string{"RS256"},
		Keys: NewKeySet("https://a.test/keys"), MaxAge: time.Hour,
	}, &http.Client{Transport: k}
}

func TestIDToken_claims(t *testing.T) {
	t.Parallel()
	hashed := sha256.Sum256([]byte("n"))
	atHash := sha256.Sum256([]byte("access"))
	right := base64.RawURLEncoding.EncodeToString(atHash[:16])
	for name, test := range map[string]struct {
		claims object
		token  IDToken
		change func(r *IDTokenRules)
		ok     bool
	}{
		"good":                               {claims: good(), ok: true},
		"other issuer of the list":           {claims: good("iss", "a.test"), ok: true},
		"foreign issuer":                     {claims: good("iss", "https://evil.test")},
		"issuer with a slash":                {claims: good("iss", "https://a.test/")},
		"no issuer":                          {claims: good("iss", nil)},
		"issuer is a list":                   {claims: good("iss", []string{"https://a.test"})},
		"no subject":                         {claims: good("sub", nil)},
		"subject is a number":                {claims: good("sub", 1)},
		"other client of the list":           {claims: good("aud", "mobile"), ok: true},
		"foreign client":                     {claims: good("aud", "foreign")},
		"no audience":                        {claims: good("aud", nil)},
		"empty audience":                     {claims: good("aud", "")},
		"audience in a list":                 {claims: good("aud", []string{"client"}), ok: true},
		"several clients":                    {claims: good("aud", []string{"client", "foreign"})},
		"several clients, issued to us":      {claims: good("aud", []string{"client", "foreign"}, "azp", "client"), ok: true},
		"several clients, issued to another": {claims: good("aud", []string{"client", "foreign"}, "azp", "foreign")},
		"no audience configured":             {claims: good(), change: func(r *IDTokenRules) { r.Audiences = nil }},
		"empty audience configured":          {claims: good("aud", ""), change: func(r *IDTokenRules) { r.Audiences = []string{""} }},
		"no expiry":                          {claims: good("exp", nil)},
		"expiry is text":                     {claims: good("exp", "4102444800")},
		"expired":                            {claims: good("exp", now.Add(-31*time.Second).Unix(), "iat", now.Add(-time.Minute).Unix())},
		"expired within the tolerance":       {claims: good("exp", now.Add(-29*time.Second).Unix(), "iat", now.Add(-time.Minute).Unix()), ok: true},
		"no time of issue":                   {claims: good("iat", nil)},
		"too old":                            {claims: good("iat", now.Add(-61*time.Minute).Unix())},
		"old, no limit":                      {claims: good("iat", now.Add(-61*time.Minute).Unix()), change: func(r *IDTokenRules) { r.MaxAge = 0 }, ok: true},
		"from the future":                    {claims: good("iat", now.Add(time.Minute).Unix())},
		"not valid yet":                      {claims: good("nbf", now.Add(time.Minute).Unix())},
		"beginning is text":                  {claims: good("nbf", "0")},
		"endless expiry":                     {claims: good("exp", 1e300)},
		"nonce":                              {claims: good("nonce", "n"), token: IDToken{Nonce: "n"}, ok: true},
		"nonce not asked for":                {claims: good("nonce", "n"), ok: true},
		"no nonce":                           {claims: good(), token: IDToken{Nonce: "n"}},
		"other nonce":                        {claims: good("nonce", "m"), token: IDToken{Nonce: "n"}},
		"hashed nonce":                       {claims: good("nonce", hex.EncodeToString(hashed[:])), token: IDToken{Nonce: "n"}},
		"hashed nonce of Apple":              {claims: good("nonce", hex.EncodeToString(hashed[:])), token: IDToken{Nonce: "n"}, change: func(r *IDTokenRules) { r.HashedNonce = true }, ok: true},
		"its access token":                   {claims: good("at_hash", right), token: IDToken{AccessToken: "access"}, ok: true},
		"another access token":               {claims: good("at_hash", right), token: IDToken{AccessToken: "other"}},
		"a further rule":                     {claims: good(), change: func(r *IDTokenRules) { r.Check = func(object) error { return errors.New("no") } }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &keys{}
			k.publish(public("k1"))
			r, client := rules(k)
			if test.change != nil {
				test.change(r)
			}
			test.token.Token = sign(t, jose.RS256, rsaKey(), "k1", test.claims)
			claims, err := r.Verify(t.Context(), client, test.token, now)
			if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrInvalidIDToken) {
				t.Errorf("%v %v", claims, err)
			}
			if !test.ok && k.count() != 0 {
				t.Error("the provider was asked for keys although the claims were bad")
			}
		})
	}
}

func TestIDToken_signature(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token := sign(t, jose.RS256, rsaKey(), "k1", good())
	head, rest, _ := strings.Cut(token, ".")
	body, mac, _ := strings.Cut(rest, ".")
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	admin, _ := json.Marshal(good("sub", "admin"))
	modulus := rsaKey().PublicKey.N.Bytes()
	for name, text := range map[string]string{
		"other key of the same id": sign(t, jose.RS256, other, "k1", good()),
		"unknown key":              sign(t, jose.RS256, rsaKey(), "k9", good()),
		"other algorithm":          sign(t, jose.PS256, rsaKey(), "k1", good()),
		"key of another kind":      sign(t, jose.ES256, elliptical, "k1", good()),
		"public key as secret":     sign(t, jose.HS256, modulus, "k1", good()),
		"changed claims":           head + "." + part(string(admin)) + "." + mac,
		"no algorithm":             part(`{"alg":"none"}`) + "." + body + ".",
		"no algorithm, signature":  part(`{"alg":"none","kid":"k1"}`) + "." + body + "." + mac,
		"no signature":             head + "." + body + ".",
		"critical extension":       part(`{"alg":"RS256","kid":"k1","crit":["x"],"x":1}`) + "." + body + "." + mac,
		"key in the header":        embedded(t, other),
		"four parts":               token + ".x",
		"two parts":                head + "." + body,
		"empty":                    "",
		"dots":                     strings.Repeat(".", 100_000),
		"endless":                  head + "." + strings.Repeat("A", 20_000) + "." + mac,
		"good, but too long":       sign(t, jose.RS256, rsaKey(), "k1", good("padding", strings.Repeat("x", 17_000))),
		"claims are a list":        sign(t, jose.RS256, rsaKey(), "k1", []string{"a"}),
		"claims are null":          sign(t, jose.RS256, rsaKey(), "k1", nil),
	} {
		k := &keys{}
		k.publish(public("k1"))
		r, client := rules(k)
		if claims, err := r.Verify(t.Context(), client, IDToken{Token: text}, now); !errors.Is(err, ErrInvalidIDToken) {
			t.Errorf("%s: %v %v", name, claims, err)
		}
	}
}

// embedded returns a token that brings its own key along.
func embedded(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(good())
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestKeySet_asks_no_more_than_it_must(t *testing.T) {
	t.Parallel()
	k := &keys{}
	k.publish(public("k1"))
	r, client := rules(k)
	at := now
	verify := func(id string) error {
		_, err := r.Verify(t.Context(), client, IDToken{Token: sign(t, jose.RS256, rsaKey(), id, good())}, at)
		return err
	}
	want := func(step string, err error, ok bool, asked int) {
		t.Helper()
		if (err == nil) != ok || k.count() != asked {
			t.Errorf("%s: %v after %d requests, want %d", step, err, k.count(), asked)
		}
	}
	want("first", verify("k1"), true, 1)
	want("known", verify("k1"), true, 1)
	want("without id", verify(""), true, 1)
	for range 50 {
		want("made-up ids at once", verify("made-up"), false, 1)
	}
	at = at.Add(31 * time.Second)
	k.publish(public("k1"), public("k2"))
	want("a new key", verify("k2"), true, 2)
	at = at.Add(6 * time.Minute)
	k.mu.Lock()
	k.status = http.StatusServiceUnavailable
	k.mu.Unlock()
	want("provider is down", verify("k2"), true, 3)
	want("still down", verify("k2"), true, 3)
	at = at.Add(50 * time.Minute)
	k.mu.Lock()
	k.status = 0
	k.mu.Unlock()
	k.publish(public("k2"))
	want("a key was withdrawn", verify("k1"), false, 4)
}

func TestKeySet_skips_what_it_does_not_know(t *testing.T) {
	t.Parallel()
	one, _ := json.Marshal(public("k1"))
	secret := `{"kty":"oct","kid":"k1","k":"AAAA"}`
	k := &keys{body: `{"keys":[{"kty":"new"},5,null,` + secret + `,` + string(one) + `]}`}
	r, client := rules(k)
	if _, err := r.Verify(t.Context(), client, IDToken{Token: sign(t, jose.RS256, rsaKey(), "k1", good())}, now); err != nil {
		t.Error(err)
	}
	for _, body := range []string{``, `null`, `[]`, `{"keys":{}}`, `{"keys":[` + secret + `]}`} {
		k := &keys{body: body}
		r, client := rules(k)
		if _, err := r.Verify(t.Context(), client, IDToken{Token: sign(t, jose.RS256, rsaKey(), "k1", good())}, now); !errors.Is(err, ErrInvalidIDToken) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzIDToken(f *testing.F) {
	f.Add(sign(f, jose.RS256, rsaKey(), "k1", good()))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("a.b.c")
	f.Add("..")
	k := &keys{}
	k.publish(public("k1"))
	r, client := rules(k)
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := r.Verify(t.Context(), client, IDToken{Token: token, Nonce: "n"}, now)
		if err == nil {
			t.Fatalf("accepted %q: %v", token, claims)
		}
		_, _ = DecodeClaims(token)
	})
}

func BenchmarkIDToken(b *testing.B) {
	k := &keys{}
	k.publish(public("k1"))
	r, client := rules(k)
	token := IDToken{Token: sign(b, jose.RS256, rsaKey(), "k1", good())}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Verify(b.Context(), client, token, now); err != nil {
			b.Fatal(err)
		}
	}
}
