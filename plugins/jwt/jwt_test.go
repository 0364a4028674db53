package jwt_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/jwt"
	"github.com/ostiary/ostiary/plugins/jwt/verify"
	"github.com/ostiary/ostiary/schema"
)

const ada = "ada@example.com"

// start starts a server with the plugin, and signs Ada up.
func start(t testing.TB, o jwt.Options, settings ...func(*ostiary.Options)) (*plugintest.Server, *jwt.Plugin, *plugintest.Browser) {
	t.Helper()
	p := jwt.New(o)
	s := plugintest.New(t, func(so *ostiary.Options) {
		so.Plugins = []core.Plugin{p}
		for _, set := range settings {
			set(so)
		}
	})
	b := s.Browser(t)
	b.SignUp(ada)
	return s, p, b
}

// tokenOf asks for a token.
func tokenOf(t testing.TB, b *plugintest.Browser) string {
	t.Helper()
	var out jwt.TokenOutput
	r := b.Get("/token")
	if r.Status != http.StatusOK {
		t.Fatalf("token: %d %s", r.Status, r.Text)
	}
	r.Decode(&out)
	return out.Token
}

// part returns the header (0) or the claims (1) of a token.
func part(t testing.TB, token string, at int) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[at])
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

// service returns a verifier that fetches the keys of a server.
func service(t testing.TB, s *plugintest.Server, path string) *verify.Verifier {
	t.Helper()
	v, err := verify.New(verify.Options{
		KeysURL: plugintest.Origin + "/api/auth" + path, Issuer: plugintest.Origin, Audience: plugintest.Origin,
		Now: s.Clock.Now, HTTPClient: &http.Client{Transport: inProcess{s.Auth}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// inProcess answers requests by a handler.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := httptest.NewRequest(r.Method, r.URL.String(), nil)
	h.ServeHTTP(w, in)
	return w.Result(), nil
}

func TestOtherServicesVerifyTokensOfEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, a := range []jwt.Algorithm{jwt.EdDSA, jwt.ES256, jwt.ES512, jwt.PS256, jwt.RS256} {
		t.Run(string(a), func(t *testing.T) {
			t.Parallel()
			s, p, b := start(t, jwt.Options{Algorithm: a})
			token := tokenOf(t, b)
			header := part(t, token, 0)
			if header["alg"] != string(a) || header["kid"] == "" || len(header) != 2 {
				t.Errorf("header %v", header)
			}
			claims, err := service(t, s, "/jwks").Verify(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			want := verify.Claims{
				"iss": plugintest.Origin, "aud": plugintest.Origin, "sub": claims["id"],
				"iat": float64(s.Clock.Now().Unix()), "exp": float64(s.Clock.Now().Add(15 * time.Minute).Unix()),
				"id": claims["id"], "email": ada, "name": "ada", "emailVerified": false, "image": nil,
				"createdAt": claims["createdAt"], "updatedAt": claims["updatedAt"],
			}
			if diff := cmp.Diff(want, claims); diff != "" || claims.Subject() == "" {
				t.Error(diff)
			}
			if _, err := p.Verify(t.Context(), token, jwt.VerifyOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheSessionComesWithAToken(t *testing.T) {
	t.Parallel()
	s, _, b := start(t, jwt.Options{})
	r := b.Get("/get-session")
	if _, err := service(t, s, "/jwks").Verify(t.Context(), r.Header.Get("set-auth-jwt")); err != nil {
		t.Error(err)
	}
	if got := r.Header.Get("Access-Control-Expose-Headers"); got != "set-auth-jwt" {
		t.Errorf("exposed: %q", got)
	}
	if r := s.Browser(t).Get("/get-session"); r.Header.Get("set-auth-jwt") != "" {
		t.Error("nobody's session comes with a token")
	}
	if r := s.Browser(t).Get("/token"); r.Status != http.StatusUnauthorized {
		t.Errorf("token without session: %d", r.Status)
	}
	_, _, off := start(t, jwt.Options{DisableHeader: true})
	if r := off.Get("/get-session"); r.Header.Get("set-auth-jwt") != "" {
		t.Error("a token although the header is off")
	}
}

func TestClaimsAreThoseOfTheOptions(t *testing.T) {
	t.Parallel()
	s, _, b := start(t, jwt.Options{
		Issuer: "https://issuer.example.com", Audience: []string{"a", "b"}, ExpiresIn: time.Hour,
		Claims: func(_ context.Context, id *core.Identity) (map[string]any, error) {
			return map[string]any{"mail": id.User.Email, "sub": "somebody else", "iat": 1000, "large": json.Number("9007199254740993")}, nil
		},
		Subject: func(_ context.Context, id *core.Identity) (string, error) { return "user:" + id.User.Email, nil },
	})
	token := tokenOf(t, b)
	want := map[string]any{
		"iss": "https://issuer.example.com", "aud": []any{"a", "b"}, "mail": ada, "sub": "user:" + ada,
		"iat": 1000.0, "exp": 4600.0, "large": 9007199254740993.0,
	}
	if diff := cmp.Diff(want, part(t, token, 1)); diff != "" {
		t.Error(diff)
	}
	_ = s

	_, _, failing := start(t, jwt.Options{Claims: func(context.Context, *core.Identity) (map[string]any, error) { return nil, errors.New("broken") }})
	if r := failing.Get("/token"); r.Status != http.StatusInternalServerError || strings.Contains(r.Text, "broken") {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	if r := failing.Get("/get-session"); r.Status != http.StatusOK || !strings.Contains(r.Text, ada) {
		t.Errorf("the session fails with the token: %d %s", r.Status, r.Text)
	}
}

func TestProgramsSignAndVerifyInProcess(t *testing.T) {
	t.Parallel()
	s, p, _ := start(t, jwt.Options{FurtherAlgorithms: []jwt.Algorithm{jwt.ES256}})
	out, err := ostiary.Invoke(t.Context(), s.Auth, jwt.SignJWT, jwt.SignInput{Payload: map[string]any{"sub": "job", "n": 1.0}, ExpiresIn: 60})
	if err != nil {
		t.Fatal(err)
	}
	verified, err := ostiary.Invoke(t.Context(), s.Auth, jwt.VerifyJWT, jwt.VerifyInput{Token: out.Value.Token})
	want := map[string]any{"sub": "job", "n": 1.0, "iss": plugintest.Origin, "aud": plugintest.Origin, "exp": float64(s.Clock.Now().Unix() + 60)}
	if diff := cmp.Diff(want, verified.Value.Payload); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for name, in := range map[string]jwt.VerifyInput{
		"no token":       {Token: "x"},
		"another issuer": {Token: out.Value.Token, Issuer: "https://other.example.com"},
	} {
		if got, err := ostiary.Invoke(t.Context(), s.Auth, jwt.VerifyJWT, in); err != nil || got.Value.Payload != nil {
			t.Errorf("%s: %v, %v", name, got.Value, err)
		}
	}
	if r := s.Browser(t).Post("/sign-jwt", map[string]any{"payload": map[string]any{}}); r.Status != http.StatusNotFound {
		t.Errorf("signing is served: %d", r.Status)
	}

	token, err := p.Sign(t.Context(), map[string]any{"sub": "x"}, jwt.SignOptions{Algorithm: jwt.ES256, Header: map[string]any{"typ": "at+jwt"}})
	if err != nil {
		t.Fatal(err)
	}
	header := part(t, token, 0)
	if header["alg"] != "ES256" || header["typ"] != "at+jwt" {
		t.Errorf("header %v", header)
	}
	kid := header["kid"].(string)
	again, err := p.Sign(t.Context(), map[string]any{"sub": "x"}, jwt.SignOptions{KeyID: kid})
	if err != nil || part(t, again, 0)["kid"] != kid {
		t.Errorf("pinned key: %v", err)
	}
	for name, o := range map[string]jwt.SignOptions{
		"unknown key":                 {KeyID: "nobody's"},
		"key of another algorithm":    {KeyID: kid, Algorithm: jwt.EdDSA},
		"algorithm that is not there": {Algorithm: jwt.RS256},
		"own alg":                     {Header: map[string]any{"alg": "none"}},
		"own kid":                     {Header: map[string]any{"kid": "x"}},
	} {
		if token, err := p.Sign(t.Context(), map[string]any{"sub": "x"}, o); err == nil {
			t.Errorf("%s: signed %s", name, token)
		}
	}
	if _, err := jwt.New(jwt.Options{}).Sign(t.Context(), nil, jwt.SignOptions{}); err == nil {
		t.Error("a plugin of no server signs")
	}
}

// keys is a store in memory that counts how often it is read.
type keys struct {
	mu    sync.Mutex
	all   []jwt.StoredKey
	reads atomic.Int64
	fail  atomic.Bool
}

func (s *keys) Keys(context.Context) ([]jwt.StoredKey, error) {
	s.reads.Add(1)
	if s.fail.Load() {
		return nil, errors.New("unreachable")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]jwt.StoredKey(nil), s.all...), nil
}

func (s *keys) AddKey(_ context.Context, k jwt.StoredKey) (jwt.StoredKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.ID = fmt.Sprintf("key-%d", len(s.all)+1)
	s.all = append(s.all, k)
	return k, nil
}

// better-auth issue 3954: the keys were read on every read of a session.
func TestKeysAreNotReadForEverySession(t *testing.T) {
	t.Parallel()
	store := &keys{}
	s, _, b := start(t, jwt.Options{Keys: store})
	for range 50 {
		if b.Get("/get-session").Header.Get("set-auth-jwt") == "" {
			t.Fatal("no token")
		}
		b.Get("/jwks")
	}
	if n := store.reads.Load(); n > 3 {
		t.Errorf("the store was read %d times for 50 sessions", n)
	}
	before := store.reads.Load()
	for range 5 {
		s.Clock.Advance(time.Minute)
		b.Get("/get-session")
	}
	if n := store.reads.Load() - before; n != 5 {
		t.Errorf("the store was read %d times in 5 minutes", n)
	}
	store.fail.Store(true)
	s.Clock.Advance(time.Hour)
	if b.Get("/get-session").Header.Get("set-auth-jwt") == "" || b.Get("/jwks").Status != http.StatusOK {
		t.Error("known keys are not used while the store is unreachable")
	}
}

func TestFirstTokensAtOnceMakeOneKey(t *testing.T) {
	t.Parallel()
	store := &keys{}
	_, p, _ := start(t, jwt.Options{Keys: store})
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			if _, err := p.Sign(t.Context(), map[string]any{"sub": "x"}, jwt.SignOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(store.all) != 1 {
		t.Errorf("%d keys were made", len(store.all))
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	store := &keys{}
	s, p, b := start(t, jwt.Options{Keys: store, RotationInterval: 24 * time.Hour, GracePeriod: 48 * time.Hour})
	v := service(t, s, "/jwks")
	first := tokenOf(t, b)
	s.Clock.Advance(24*time.Hour - 10*time.Minute)
	late := tokenOf(t, b)
	if part(t, late, 0)["kid"] != part(t, first, 0)["kid"] {
		t.Error("the key was replaced too early")
	}
	s.Clock.Advance(11 * time.Minute)
	second := tokenOf(t, b)
	if part(t, second, 0)["kid"] == part(t, first, 0)["kid"] {
		t.Error("the key was not replaced")
	}
	for _, token := range []string{late, second} {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("service: %v", err)
		}
		if _, err := p.Verify(t.Context(), token, jwt.VerifyOptions{}); err != nil {
			t.Errorf("server: %v", err)
		}
	}
	published := func() int {
		var set jwt.KeySet
		b.Get("/jwks").Decode(&set)
		return len(set.Keys)
	}
	if n := published(); n != 2 {
		t.Errorf("%d keys are published, want 2", n)
	}
	s.Clock.Advance(48 * time.Hour)
	tokenOf(t, b)
	if n := published(); n != 2 { // the second in its grace period, and a third
		t.Errorf("%d keys are published, want 2", n)
	}
}

func TestNodesKnowEachOthersKeys(t *testing.T) {
	t.Parallel()
	db := memory.New()
	on := func(o *ostiary.Options) { o.Database = db }
	one, p1, b := start(t, jwt.Options{}, on)
	p2 := jwt.New(jwt.Options{RotationInterval: time.Hour})
	two := plugintest.New(t, func(o *ostiary.Options) { o.Plugins, o.Database = []core.Plugin{p2}, db })
	token := tokenOf(t, b)
	if _, err := p2.Verify(t.Context(), token, jwt.VerifyOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := p1.Verify(t.Context(), token, jwt.VerifyOptions{}); err != nil {
		t.Error(err)
	}
	one.Clock.Advance(time.Minute)
	two.Clock.Advance(time.Minute)
	es, err := p2.Sign(t.Context(), map[string]any{"sub": "x"}, jwt.SignOptions{})
	if err != nil || part(t, es, 0)["kid"] != part(t, token, 0)["kid"] {
		t.Errorf("the second node made a key of its own: %v", err)
	}
}

// A server that is started with another secret must say so, and not go on with
// keys of its own while verifiers wonder.
func TestKeysOfAnotherSecretAreNotReplacedSilently(t *testing.T) {
	t.Parallel()
	store := &keys{}
	_, p, _ := start(t, jwt.Options{Keys: store})
	if _, err := p.Sign(t.Context(), map[string]any{"sub": "x"}, jwt.SignOptions{}); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	_, other, b := start(t, jwt.Options{Keys: store}, func(o *ostiary.Options) {
		o.Secret = strings.Repeat("another-secret-", 4)
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	if _, err := other.Sign(t.Context(), map[string]any{"sub": "x"}, jwt.SignOptions{}); err == nil || !strings.Contains(err.Error(), "another secret") {
		t.Errorf("error %v", err)
	}
	if r := b.Get("/token"); r.Status != http.StatusInternalServerError {
		t.Errorf("token: %d", r.Status)
	}
	if r := b.Get("/jwks"); r.Status != http.StatusOK {
		t.Errorf("the public keys need no secret: %d", r.Status)
	}
	if len(store.all) != 1 || !strings.Contains(log.String(), "another secret") {
		t.Errorf("%d keys; log %s", len(store.all), log.String())
	}
	if err := other.CheckSecret(t.Context()); !errors.Is(err, core.ErrOtherSecret) {
		t.Errorf("checked: %v", err)
	}
	_, rotated, _ := start(t, jwt.Options{Keys: store}, func(o *ostiary.Options) {
		o.Secrets = []core.VersionedSecret{{Version: 1, Value: strings.Repeat("another-secret-", 4)}}
	})
	if err := errors.Join(p.CheckSecret(t.Context()), rotated.CheckSecret(t.Context())); err != nil {
		t.Errorf("with the secret of the key: %v", err)
	}
}

func TestSR_168_PrivateKeysAreEncryptedAtRest(t *testing.T) {
	t.Parallel()
	for _, disabled := range []bool{false, true} {
		store := &keys{}
		_, p, b := start(t, jwt.Options{Keys: store, DisablePrivateKeyEncryption: disabled})
		tokenOf(t, b)
		if got := strings.Contains(store.all[0].PrivateKey, `"d":`); got != disabled {
			t.Errorf("encryption off %t: %s", disabled, store.all[0].PrivateKey)
		}
		if _, err := p.Sign(t.Context(), map[string]any{"sub": "x"}, jwt.SignOptions{}); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyPublicKeysArePublished(t *testing.T) {
	t.Parallel()
	store := &keys{}
	_, _, b := start(t, jwt.Options{Keys: store, Algorithm: jwt.RS256, DisablePrivateKeyEncryption: true})
	tokenOf(t, b)
	// A row in which somebody put the private key in the place of the public one.
	broken := store.all[0]
	broken.ID, broken.PublicKey = "broken", broken.PrivateKey
	other := &keys{all: []jwt.StoredKey{broken, {ID: "junk", PublicKey: "{"}, {ID: "wrong", PublicKey: store.all[0].PublicKey, Algorithm: jwt.ES256}, store.all[0]}}
	_, _, c := start(t, jwt.Options{Keys: other, Algorithm: jwt.RS256})
	r := c.Get("/jwks")
	var set struct{ Keys []map[string]any }
	r.Decode(&set)
	if len(set.Keys) != 1 || len(set.Keys[0]) != 5 || set.Keys[0]["kid"] != store.all[0].ID || set.Keys[0]["d"] != nil {
		t.Errorf("published: %s", r.Text)
	}
}

func TestCachesCanAskWhetherTheKeysHaveChanged(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, jwt.Options{JWKSMaxAge: 10 * time.Minute, JWKSPath: "/.well-known/keys"})
	b := s.Browser(t)
	r := b.Get("/.well-known/keys")
	tag := r.Header.Get("ETag")
	if r.Status != http.StatusOK || tag == "" || r.Header.Get("Cache-Control") != "public, max-age=600" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", r.Status, r.Header)
	}
	for condition, want := range map[string]int{tag: 304, `"x", W/` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		b.Header.Set("If-None-Match", condition)
		if got := b.Get("/.well-known/keys"); got.Status != want || (want == 304) != (got.Text == "") || got.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %q", condition, got.Status, got.Text)
		}
	}
	if r := s.Browser(t).Get("/jwks"); r.Status != http.StatusNotFound {
		t.Errorf("the default path is served: %d", r.Status)
	}
	if _, err := service(t, s, "/.well-known/keys").Verify(t.Context(), "a.b.c"); !errors.Is(err, verify.ErrInvalid) {
		t.Error(err)
	}
}

func TestSigningElsewhere(t *testing.T) {
	t.Parallel()
	var got map[string]any
	_, _, b := start(t, jwt.Options{
		Algorithm: jwt.RS256, RemoteURL: "https://keys.example.com/jwks",
		Sign: func(_ context.Context, claims map[string]any, _ jwt.SignOptions) (string, error) {
			got = claims
			return "signed.else.where", nil
		},
	})
	if token := tokenOf(t, b); token != "signed.else.where" || got["iss"] != plugintest.Origin || got["email"] != ada || got["exp"] == nil {
		t.Errorf("%s of %v", token, got)
	}
	if r := b.Get("/jwks"); r.Status != http.StatusNotFound || r.Text != "" {
		t.Errorf("keys: %d %s", r.Status, r.Text)
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	sign := func(context.Context, map[string]any, jwt.SignOptions) (string, error) { return "", nil }
	for name, o := range map[string]jwt.Options{
		"Algorithm":       {Algorithm: "HS256"},
		"RSABits":         {RSABits: 1024},
		"JWKSPath":        {JWKSPath: "keys"},
		`no ".."`:         {JWKSPath: "/../keys"},
		"RemoteURL":       {RemoteURL: "https://keys.example.com"},
		"Sign":            {Sign: sign},
		"GracePeriod":     {RotationInterval: time.Hour, GracePeriod: time.Minute},
		"SignCookieCache": {SignCookieCache: true},
	} {
		_, err := ostiary.New(ostiary.Options{Logger: slog.New(slog.DiscardHandler), Secret: strings.Repeat("s3cr-", 10), BaseURL: ostiary.StaticURL("https://a.example"), Plugins: []core.Plugin{jwt.New(o)}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const cacheCookie = "better-auth.session_data"

func signedCache(o *ostiary.Options) {
	o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strategy: core.JWTCache}
	o.User.Fields = []schema.Field{{Name: "note", Optional: true, Hidden: true}}
}

func TestTheCookieCacheCanBeSignedWithPublishedKeys(t *testing.T) {
	t.Parallel()
	s, p, b := start(t, jwt.Options{SignCookieCache: true}, signedCache)
	text := b.Cookies[cacheCookie]
	header, claims := part(t, text, 0), part(t, text, 1)
	if header["typ"] != "better-auth.session-cache+jwt" || header["alg"] != "EdDSA" {
		t.Errorf("header %v", header)
	}
	session, user := claims["session"].(map[string]any), claims["user"].(map[string]any)
	if claims["sub"] != user["id"] || claims["sid"] != session["token"] || claims["aud"] != "better-auth:session-cache" || claims["iss"] != plugintest.Origin || claims["version"] != "1" {
		t.Errorf("claims %v", claims)
	}
	k := s.Auth.Kernel()
	if err := k.Sessions.DeleteOf(t.Context(), claims["sub"].(string)); err != nil {
		t.Fatal(err)
	}
	if b.Email() != ada {
		t.Error("the cache is not used")
	}
	s.Clock.Advance(5*time.Minute + 16*time.Second)
	if b.Email() != "" {
		t.Error("the cache never ends")
	}

	b.SignUp("bob@example.com")
	bobs := b.Cookies[cacheCookie]
	mine, err := p.Sign(t.Context(), part(t, bobs, 1), jwt.SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.Split(bobs, ".")
	for name, forged := range map[string]string{
		"an ordinary token":  mine,
		"a changed claim":    plain[0] + "." + strings.Replace(plain[1], plain[1][20:24], "AAAA", 1) + "." + plain[2],
		"no signature":       plain[0] + "." + plain[1] + ".",
		"a token of another": text,
	} {
		c := b.Clone()
		c.Cookies[cacheCookie] = forged
		if err := k.Sessions.DeleteOf(t.Context(), part(t, bobs, 1)["sub"].(string)); err != nil {
			t.Fatal(err)
		}
		if got := c.Email(); got != "" {
			t.Errorf("%s as cache: signed in as %s", name, got)
		}
	}
	if _, err := p.Verify(t.Context(), bobs, jwt.VerifyOptions{}); !errors.Is(err, verify.ErrInvalid) {
		t.Errorf("the cache is good as a token: %v", err)
	}
}

func BenchmarkSessionToken(b *testing.B) {
	b.ReportAllocs()
	s, p, browser := start(b, jwt.Options{})
	user, err := s.Auth.Kernel().Users.ByEmail(b.Context(), ada)
	if err != nil {
		b.Fatal(err)
	}
	tokenOf(b, browser)
	id := &core.Identity{User: *user}
	for b.Loop() {
		if _, err := p.SessionToken(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}
