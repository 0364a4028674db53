package plugintest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ostiary/ostiary/internal/oauth"
)

// Internet plays providers for a server whose HTTP client it serves: idp.test,
// which speaks OpenID Connect and can be discovered, plain.test, which speaks
// OAuth only, and whatever [Internet.Handle] adds.
type Internet struct {
	// Hold, if not nil, is received from before every answer. Set it before the
	// first request.
	Hold chan struct{}

	t   testing.TB
	now func() time.Time

	mu      sync.Mutex
	serial  int
	grants  map[string]grant
	asked   []Request
	answers map[string]func(Request) (int, any)
}

// Request is one that the internet has received.
type Request struct {
	At     string // "POST idp.test/token"
	Query  url.Values
	Form   url.Values
	Header http.Header
}

type grant struct {
	user                               map[string]any
	challenge, nonce, redirect, client string
}

// NewInternet returns an internet; now is the clock of its tokens.
func NewInternet(t testing.TB, now func() time.Time) *Internet {
	return &Internet{t: t, now: now, grants: map[string]grant{}, answers: map[string]func(Request) (int, any){}}
}

// Client returns an HTTP client for it.
func (n *Internet) Client() *http.Client { return &http.Client{Transport: n} }

// Handle answers requests at an address, such as "GET idp.test/userinfo", with
// the JSON of a value.
func (n *Internet) Handle(at string, answer func(r Request) (status int, body any)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers[at] = answer
}

// Requests returns those so far whose address begins with a prefix.
func (n *Internet) Requests(prefix string) []Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []Request
	for _, r := range n.asked {
		if strings.HasPrefix(r.At, prefix) {
			found = append(found, r)
		}
	}
	return found
}

// errUnreachable is what a request meets whose answer has status 0.
var errUnreachable = errors.New("plugintest: unreachable")

// RoundTrip answers a request.
func (n *Internet) RoundTrip(r *http.Request) (*http.Response, error) {
	q := Request{At: r.Method + " " + r.URL.Host + r.URL.Path, Query: r.URL.Query(), Header: r.Header}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if q.Form, err = url.ParseQuery(string(body)); err != nil {
			q.Form = url.Values{}
		}
	}
	n.mu.Lock()
	n.asked = append(n.asked, q)
	n.mu.Unlock()
	if n.Hold != nil {
		select {
		case <-n.Hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	status, body := n.answer(q)
	if status == 0 {
		return nil, errUnreachable
	}
	response := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r}
	text, isText := body.(string)
	if !isText {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = string(encoded)
	}
	if status >= 300 && status < 400 {
		response.Header.Set("Location", text)
	}
	response.Body = io.NopCloser(bytes.NewBufferString(text))
	return response, nil
}

func (n *Internet) answer(q Request) (int, any) {
	n.mu.Lock()
	own := n.answers[q.At]
	n.mu.Unlock()
	if own != nil {
		return own(q)
	}
	switch q.At {
	case "GET idp.test/.well-known/openid-configuration":
		return http.StatusOK, n.Metadata()
	case "GET idp.test/keys":
		return http.StatusOK, KeySet()
	case "POST idp.test/token", "POST plain.test/token":
		return n.token(q)
	case "GET idp.test/userinfo", "GET plain.test/user":
		n.mu.Lock()
		g, ok := n.grants[strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer ")]
		n.mu.Unlock()
		if !ok {
			return http.StatusUnauthorized, map[string]any{}
		}
		return http.StatusOK, g.user
	}
	return http.StatusNotFound, map[string]any{}
}

// Metadata is what idp.test publishes about itself.
func (n *Internet) Metadata() map[string]any {
	return map[string]any{
		"issuer": "https://idp.test", "authorization_endpoint": "https://idp.test/authorize", "token_endpoint": "https://idp.test/token",
		"userinfo_endpoint": "https://idp.test/userinfo", "jwks_uri": "https://idp.test/keys", "end_session_endpoint": "https://idp.test/logout",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
}

func (n *Internet) token(q Request) (int, any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := q.Form.Get("code") + q.Form.Get("refresh_token")
	g, ok := n.grants[key]
	refused := map[string]any{"error": "invalid_grant"}
	if !ok {
		return http.StatusBadRequest, refused
	}
	if q.Form.Get("code") != "" {
		delete(n.grants, key)
		if g.challenge != "" && oauth.Challenge(q.Form.Get("code_verifier")) != g.challenge || q.Form.Get("redirect_uri") != g.redirect {
			return http.StatusBadRequest, refused
		}
	}
	n.serial++
	access, refresh := fmt.Sprintf("access-%d", n.serial), fmt.Sprintf("refresh-%d", n.serial)
	n.grants[access], n.grants[refresh] = g, g
	answer := map[string]any{"access_token": access, "refresh_token": refresh, "expires_in": 3600, "scope": "a b", "token_type": "Bearer"}
	if strings.HasPrefix(q.At, "POST idp.test") {
		claims := n.Claims(g.client, g.user)
		if g.nonce != "" {
			claims["nonce"] = g.nonce
		}
		answer["id_token"] = Sign(n.t, claims)
	}
	return http.StatusOK, answer
}

// Approve plays the user's consent: from the address of the provider to that of
// the callback.
func (n *Internet) Approve(address string, user map[string]any) string {
	n.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		n.t.Fatal(err)
	}
	q := u.Query()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.serial++
	code := fmt.Sprintf("code-%d", n.serial)
	n.grants[code] = grant{
		user: user, challenge: q.Get("code_challenge"), nonce: q.Get("nonce"), redirect: q.Get("redirect_uri"), client: q.Get("client_id"),
	}
	return q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
}

// Claims returns those of a good ID token of idp.test for a client.
func (n *Internet) Claims(client string, user map[string]any) map[string]any {
	now := n.now().Unix()
	claims := map[string]any{"iss": "https://idp.test", "aud": client, "iat": now, "exp": now + 3600}
	maps.Copy(claims, user)
	return claims
}

// signingKey is the key of all providers.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// KeySet returns the public keys with which [Sign] is checked.
func KeySet() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signingKey().Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"}}}
}

// Sign returns a JWT with claims.
func Sign(t testing.TB, claims map[string]any) string {
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
