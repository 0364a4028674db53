package social_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/session"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/oauth"
)

const (
	base       = "https://app.example.com/api/auth"
	testSecret = "a-test-secret-of-0123456789-abcdefghijklmnopqrstuvwxyz"
)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// signingKey is the key of all providers under test.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func signToken(t testing.TB, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: signingKey(), KeyID: "k1"}}, nil)
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

// internet plays the providers acme.test, which speaks OpenID Connect, and
// plain.test, which speaks OAuth only.
type internet struct {
	t     testing.TB
	clock *clock

	mu       sync.Mutex
	serial   int
	grants   map[string]grant // by code, access token and refresh token
	asked    []string         // "POST acme.test/token refresh_token"
	fail     map[string]int   // status by host and path
	answers  map[string]string
	rotating bool // a refresh token is good for one use

	refreshing, release chan struct{} // a refresh announces itself, and waits
}

type grant struct {
	user      map[string]any
	challenge string
	nonce     string
	redirect  string
}

func (n *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	form := url.Values{}
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		form, _ = url.ParseQuery(string(body))
	}
	if n.refreshing != nil && form.Get("grant_type") == "refresh_token" {
		n.refreshing <- struct{}{}
		<-n.release
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	at := r.Method + " " + r.URL.Host + r.URL.Path
	n.asked = append(n.asked, strings.TrimSpace(at+" "+form.Get("grant_type")))
	status, body := n.answer(at, r, form)
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func (n *internet) answer(at string, r *http.Request, form url.Values) (int, string) {
	if status := n.fail[at]; status != 0 {
		return status, fmt.Sprintf(`{"error":"server_error","echo":%q}`, form.Encode())
	}
	if text, ok := n.answers[at]; ok {
		return http.StatusOK, text
	}
	switch {
	case strings.HasSuffix(at, ".test/token"):
		return n.token(r.URL.Host, form)
	case at == "GET acme.test/keys":
		text, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signingKey().Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
		return http.StatusOK, string(text)
	case at == "GET plain.test/user":
		g, ok := n.grants[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		if !ok {
			return http.StatusUnauthorized, "{}"
		}
		text, _ := json.Marshal(g.user)
		return http.StatusOK, string(text)
	}
	return http.StatusNotFound, "{}"
}

func (n *internet) token(host string, form url.Values) (int, string) {
	const invalid = `{"error":"invalid_grant"}`
	key := form.Get("code")
	if form.Get("grant_type") == "refresh_token" {
		key = form.Get("refresh_token")
	}
	g, ok := n.grants[key]
	if !ok {
		return http.StatusBadRequest, invalid
	}
	if code := form.Get("code"); code != "" {
		delete(n.grants, code)
		if oauth.Challenge(form.Get("code_verifier")) != g.challenge || form.Get("redirect_uri") != g.redirect {
			return http.StatusBadRequest, invalid
		}
	} else if n.rotating {
		delete(n.grants, key)
	}
	n.serial++
	access, refresh := fmt.Sprintf("access-%d", n.serial), fmt.Sprintf("refresh-%d", n.serial)
	n.grants[access], n.grants[refresh] = g, g
	answer := map[string]any{"access_token": access, "refresh_token": refresh, "expires_in": 3600, "scope": "a b", "token_type": "Bearer"}
	if host == "acme.test" {
		claims := n.claims(g.user)
		if g.nonce != "" {
			claims["nonce"] = g.nonce
		}
		answer["id_token"] = signToken(n.t, claims)
	}
	text, _ := json.Marshal(answer)
	return http.StatusOK, string(text)
}

// claims returns those of a good ID token of acme.test.
func (n *internet) claims(user map[string]any) map[string]any {
	now := n.clock.Now().Unix()
	claims := map[string]any{"iss": "https://acme.test", "aud": "acme-client", "iat": now, "exp": now + 3600}
	for name, value := range user {
		claims[name] = value
	}
	return claims
}

// approve plays the user's consent: from the address of the provider to that of
// the callback.
func (n *internet) approve(address string, user map[string]any) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	u, err := url.Parse(address)
	if err != nil {
		n.t.Fatal(err)
	}
	q := u.Query()
	n.serial++
	code := fmt.Sprintf("code-%d", n.serial)
	n.grants[code] = grant{user: user, challenge: q.Get("code_challenge"), nonce: q.Get("nonce"), redirect: q.Get("redirect_uri")}
	return q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
}

func (n *internet) requests(prefix string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := 0
	for _, at := range n.asked {
		if strings.HasPrefix(at, prefix) {
			count++
		}
	}
	return count
}

// site is a server under test.
type site struct {
	*core.Kernel
	t       testing.TB
	feature *social.Feature
	clock   *clock
	net     *internet
	logs    *bytes.Buffer
}

type setting func(c *core.Config, o *social.Options)

func newSite(t testing.TB, settings ...setting) *site {
	t.Helper()
	s := &site{t: t, clock: &clock{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}, logs: &bytes.Buffer{}}
	s.net = &internet{t: t, clock: s.clock, grants: map[string]grant{}, fail: map[string]int{}, answers: map[string]string{}}
	off := false
	config := core.Config{
		BaseURL: core.StaticURL("https://app.example.com"), Secret: testSecret, Database: memory.New(), Now: s.clock.Now,
		HTTPClient: &http.Client{Transport: s.net}, RateLimit: core.RateLimitOptions{Enabled: &off},
		Logger: slog.New(slog.NewTextHandler(&lockedWriter{w: s.logs}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	var o social.Options
	for _, set := range settings {
		set(&config, &o)
	}
	if o.Providers == nil {
		o.Providers = []social.Provider{acme(social.Settings{}), plain(social.Settings{})}
	}
	s.feature = social.New(o)
	config.Plugins = append(config.Plugins, session.New(session.Options{EndSessionURL: s.feature.EndSessionURL}), s.feature)
	k, err := core.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.Kernel = k
	t.Cleanup(func() {
		if err := k.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func acmeDefinition() social.Definition {
	return social.Definition{
		ID: "acme", AuthorizationEndpoint: "https://acme.test/authorize", TokenEndpoint: "https://acme.test/token",
		DefaultScopes: []string{"openid"}, ForwardsLoginHint: true,
		IDTokens: &social.IDTokenRules{Issuers: []string{"https://acme.test"}, Algorithms: []string{"RS256"}, Keys: social.NewKeySet("https://acme.test/keys")},
		Profile:  readProfile,
	}
}

func acme(s social.Settings) social.Provider {
	return acmeDefinition().New(social.Client{ID: "acme-client", Secret: "acme-secret", Settings: s})
}

func plain(s social.Settings) social.Provider {
	return social.Definition{
		ID: "plain", AuthorizationEndpoint: "https://plain.test/authorize", TokenEndpoint: "https://plain.test/token",
		Fetch: social.FetchFrom("https://plain.test/user"), Profile: readProfile,
	}.New(social.Client{ID: "plain-client", Secret: "plain-secret", Settings: s})
}

func readProfile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

func ann() map[string]any {
	return map[string]any{"sub": "ann-1", "name": "Ann", "email": "ann@example.com", "email_verified": true, "picture": "https://img.test/ann.png"}
}

// with returns a copy of a profile with other members.
func with(user map[string]any, pairs ...any) map[string]any {
	other := map[string]any{}
	for name, value := range user {
		other[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		other[pairs[i].(string)] = pairs[i+1]
	}
	return other
}

// register stores a user with a password, as signing up by e-mail would.
func (s *site) register(email string, verified bool) *core.User {
	s.t.Helper()
	row := s.Users.Table().NewRow().Set("name", "Local").Set("email", email).Set("emailVerified", verified)
	u, err := s.Users.Create(s.t.Context(), row, core.Source{})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Accounts.CreateCredential(s.t.Context(), u.ID, "hash"); err != nil {
		s.t.Fatal(err)
	}
	return u
}

// browser returns a browser in which nobody is signed in.
func (s *site) browser() *browser { return &browser{site: s, cookies: map[string]string{}} }

// signedIn returns a browser in which a user is signed in.
func (s *site) signedIn(u *core.User) *browser {
	s.t.Helper()
	id, err := s.Sessions.Create(s.t.Context(), u, true, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	b := s.browser()
	b.cookies["__Secure-better-auth.session_token"] = url.QueryEscape(s.Secrets.SignedValue(id.Session.Token))
	return b
}

func (s *site) accounts(userID string) []core.Account {
	s.t.Helper()
	list, err := s.Accounts.List(s.t.Context(), userID)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func (s *site) user(email string) *core.User {
	s.t.Helper()
	u, err := s.Users.ByEmail(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// browser keeps cookies.
type browser struct {
	*site
	cookies map[string]string
}

type answer struct {
	status   int
	location string
	body     map[string]any
	header   http.Header
}

func (b *browser) do(method, address, mediaType, body string) answer {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if method != http.MethodGet {
		r.Header.Set("Origin", "https://app.example.com")
		r.Header.Set("Content-Type", mediaType)
	}
	var pairs []string
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	if len(pairs) > 0 {
		r.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	response := w.Result()
	for _, c := range response.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	a := answer{status: response.StatusCode, location: response.Header.Get("Location"), header: response.Header}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body)
	return a
}

func (b *browser) get(address string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, address, "", "")
}

func (b *browser) post(path string, body any) answer {
	b.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, base+path, "application/json", string(text))
}

type object = map[string]any

// start begins a sign-in and returns the address of the provider.
func (b *browser) start(provider string, more object) string {
	b.t.Helper()
	in := object{"provider": provider, "callbackURL": "/in", "errorCallbackURL": "/oops"}
	for name, value := range more {
		in[name] = value
	}
	a := b.post("/sign-in/social", in)
	address, _ := a.body["url"].(string)
	if address == "" {
		b.t.Fatalf("start: %d %v", a.status, a.body)
	}
	return address
}

// via signs in with a provider.
func (b *browser) via(provider string, user map[string]any) answer {
	b.t.Helper()
	return b.get(b.net.approve(b.start(provider, nil), user))
}

func (b *browser) link(provider string, user map[string]any) answer {
	b.t.Helper()
	a := b.post("/link-social", object{"provider": provider, "callbackURL": "/linked", "errorCallbackURL": "/oops"})
	address, _ := a.body["url"].(string)
	if address == "" {
		b.t.Fatalf("link: %d %v", a.status, a.body)
	}
	return b.get(b.net.approve(address, user))
}

// who returns the address of the signed-in user; "" when nobody is.
func (b *browser) who() string {
	b.t.Helper()
	user, _ := b.get(base + "/get-session").body["user"].(map[string]any)
	email, _ := user["email"].(string)
	return email
}

func wantLocation(t testing.TB, a answer, want string) {
	t.Helper()
	if a.status != http.StatusFound || a.location != want {
		t.Errorf("answer %d %q %v, want a redirect to %q", a.status, a.location, a.body, want)
	}
}
