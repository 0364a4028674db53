package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/session"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/oauth"
	"github.com/ostiary/ostiary/providers/apple"
	"github.com/ostiary/ostiary/providers/cloudflare"
	"github.com/ostiary/ostiary/providers/facebook"
	"github.com/ostiary/ostiary/providers/gitlab"
	"github.com/ostiary/ostiary/providers/microsoft"
	"github.com/ostiary/ostiary/providers/vercel"
	"github.com/ostiary/ostiary/providers/vk"
)

// each runs a test for every provider.
func each(t *testing.T, test func(t *testing.T, p provider, w wire)) {
	t.Helper()
	t.Parallel()
	expected := wires()
	for _, p := range providers() {
		t.Run(p.id, func(t *testing.T) {
			t.Parallel()
			w, ok := expected[p.id]
			if !ok {
				t.Fatal("nothing is known of what the provider expects")
			}
			test(t, p, w)
		})
	}
}

func (f *fake) start(t *testing.T, plugins ...core.Plugin) *core.Kernel {
	t.Helper()
	k, err := f.kernel(plugins...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return k
}

// Every package of a provider is tested and documented.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("../../providers")
	if err != nil {
		t.Fatal(err)
	}
	var folders, ids []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, p := range providers() {
		ids = append(ids, p.id)
		if got := p.make(client).ID(); got != p.id {
			t.Errorf("%s calls itself %q", p.id, got)
		}
	}
	if diff := cmp.Diff(folders, ids); diff != "" {
		t.Error(diff)
	}
	if n := len(wires()); n != len(ids) {
		t.Errorf("%d of %d providers are described", n, len(ids))
	}
}

var client = social.Client{ID: "client", Secret: "secret"}

const callback = "https://app.example.com/api/auth/callback/x"

func TestAuthorizationURL(t *testing.T) {
	each(t, func(t *testing.T, p provider, w wire) {
		f := &fake{}
		k := f.start(t)
		verifier := strings.Repeat("v", 128)
		request := social.AuthorizationRequest{State: "the-state", Verifier: verifier, RedirectURI: callback}
		ask := func(c social.Client, r social.AuthorizationRequest, want url.Values) {
			t.Helper()
			address, err := p.make(c).AuthorizationURL(t.Context(), k, r)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, u.Query()); diff != "" {
				t.Error(diff)
			}
			u.RawQuery = ""
			if u.String() != w.authorize {
				t.Errorf("the endpoint is %q, want %q", u, w.authorize)
			}
		}
		standard := func(scopes string) url.Values {
			v := url.Values{"response_type": {"code"}, or(w.idName, "client_id"): {"client"}, "state": {"the-state"}, "redirect_uri": {callback}}
			if scopes != "" && scopes != "-" {
				v.Set("scope", scopes)
			}
			if !w.withoutPKCE {
				v.Set("code_challenge", oauth.Challenge(verifier))
				v.Set("code_challenge_method", "S256")
			}
			for name, values := range w.params {
				v[name] = values
			}
			return v
		}
		ask(client, request, standard(w.scope))

		all := client
		all.Scopes, all.Prompt = []string{"option"}, "select_account"
		full := request
		full.LoginHint, full.Scopes = "ann@example.com", []string{"request"}
		full.Params = map[string]string{"extra": "1", "state": "evil", "redirect_uri": "https://evil.example", "client_id": "evil", "scope": "evil", "nonce": "evil", "code_challenge": "evil", "code_challenge_method": "plain", "response_type": "token"}
		want := standard(or(w.scopes, strings.TrimSpace(w.scope+" option request")))
		if w.hint {
			want.Set("login_hint", "ann@example.com")
		}
		if w.prompt {
			want.Set("prompt", "select_account")
		}
		if !w.alone {
			want.Set("extra", "1")
		}
		ask(all, full, want)

		only := client
		only.Scopes, only.WithoutDefaultScopes = []string{"option"}, true
		scopes := "option"
		if w.scopes == "-" {
			scopes = ""
		}
		ask(only, request, standard(scopes))

		_, err := p.make(social.Client{ID: "client"}).AuthorizationURL(t.Context(), k, request)
		if (err != nil) != w.credentials {
			t.Errorf("without secret: %v", err)
		}
		if _, err := p.make(social.Client{}).AuthorizationURL(t.Context(), k, request); err == nil {
			t.Error("there is an address without client id")
		}
	})
}

const issued = `{"access_token":"at","refresh_token":"rt","id_token":"a.b.c","token_type":"Bearer","expires_in":3600,"scope":"one two","openid":"o"}`

// checkRequest compares a token request with what the provider expects.
func checkRequest(t *testing.T, w wire, got asked, basic bool, want url.Values) {
	t.Helper()
	form := got.form
	if w.query {
		form = got.query
	}
	switch {
	case basic:
		if user, password, ok := (&http.Request{Header: got.header}).BasicAuth(); !ok || user != "client" || password != "secret" {
			t.Errorf("the header is %q", got.header.Get("Authorization"))
		}
	case w.query:
	default:
		want.Set(or(w.idName, "client_id"), "client")
		want.Set("client_secret", "secret")
	}
	if !basic && got.header.Get("Authorization") != "" {
		t.Errorf("the header is %q", got.header.Get("Authorization"))
	}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Error(diff)
	}
	if got.header.Get("Accept") != "application/json" {
		t.Errorf("it accepts %q", got.header.Get("Accept"))
	}
}

func checkTokens(t *testing.T, tokens *social.Tokens, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if tokens.AccessToken != "at" || tokens.RefreshToken != "rt" || tokens.IDToken != "a.b.c" || !slices.Equal(tokens.Scopes, []string{"one", "two"}) || !tokens.AccessTokenExpiresAt.Equal(today.Add(time.Hour)) {
		t.Errorf("tokens %+v", tokens)
	}
}

func TestTokenExchange(t *testing.T) {
	each(t, func(t *testing.T, p provider, w wire) {
		f := &fake{answers: map[string]string{w.token: issued}}
		k := f.start(t)
		code := social.CodeExchange{Code: "a-code", Verifier: "a-verifier", RedirectURI: callback}
		if w.exchange != nil {
			code.DeviceID = w.exchange.Get("device_id")
		}
		tokens, err := p.make(client).Exchange(t.Context(), k, code)
		checkTokens(t, tokens, err)
		want := url.Values{"grant_type": {"authorization_code"}, "code": {"a-code"}, "redirect_uri": {callback}}
		if !w.withoutPKCE {
			want.Set("code_verifier", "a-verifier")
		}
		if w.query {
			want = url.Values{"grant_type": {"authorization_code"}, "code": {"a-code"}, "appid": {"client"}, "secret": {"secret"}}
		}
		for name, values := range w.exchange {
			want[name] = values
		}
		if got := f.last(); got.at != w.token {
			t.Errorf("asked %s, want %s", got.at, w.token)
		}
		checkRequest(t, w, f.last(), w.basic, want)

		// Some providers say errors with status 200.
		for _, refusal := range []string{`{"error":"bad_verification_code"}`, `{}`, `[]`, ``, `{"errcode":40029,"errmsg":"invalid code"}`} {
			f.answers[w.token] = refusal
			if tokens, err := p.make(client).Exchange(t.Context(), k, code); err == nil {
				t.Errorf("%q is taken for %+v", refusal, tokens)
			}
		}
		delete(f.answers, w.token)
		if tokens, err := p.make(client).Exchange(t.Context(), k, code); err == nil {
			t.Errorf("a refusal is taken for %+v", tokens)
		}
	})
}

func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, p provider, w wire) {
		made := p.make(client)
		if w.withoutRefresh {
			if made.Traits().Refreshes {
				t.Error("the provider claims to refresh tokens")
			}
			return
		}
		at := w.token
		if w.query {
			at = "GET api.weixin.qq.com/sns/oauth2/refresh_token"
		}
		f := &fake{answers: map[string]string{at: issued}}
		k := f.start(t)
		if !made.Traits().Refreshes {
			t.Error("the provider claims not to refresh tokens")
		}
		tokens, err := made.Refresh(t.Context(), k, "a-refresh-token")
		checkTokens(t, tokens, err)
		want := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"a-refresh-token"}}
		if w.query {
			want.Set("appid", "client")
		}
		for name, values := range w.refresh {
			want[name] = values
		}
		if got := f.last(); got.at != at {
			t.Errorf("asked %s, want %s", got.at, at)
		}
		checkRequest(t, w, f.last(), w.basic && !w.refreshInBody, want)

		f.answers[at] = `{"error":"invalid_grant"}`
		if tokens, err := made.Refresh(t.Context(), k, "a-refresh-token"); err == nil {
			t.Errorf("a refusal is taken for %+v", tokens)
		}
	})
}

func TestMapping(t *testing.T) {
	each(t, func(t *testing.T, p provider, w wire) {
		f := &fake{answers: answersOf(p)}
		k := f.start(t)
		c := client
		c.MapProfile = func(raw map[string]any, got *social.Profile) {
			if raw == nil {
				t.Error("the raw profile is not passed on")
			}
			got.Subject, got.Fields = "stolen", map[string]any{"more": true}
		}
		for _, c := range []social.Client{client, c} {
			got, err := p.make(c).Profile(t.Context(), k, grantOf(p.claims, p.tokens))
			if err != nil || got == nil {
				t.Fatalf("no profile: %v", err)
			}
			if diff := cmp.Diff(w.profile, who{got.Subject, got.Name, got.Email, got.Image, got.EmailVerified}); diff != "" {
				t.Error(diff)
			}
			if c.MapProfile != nil && got.Fields["more"] != true {
				t.Error("the application's fields are missing")
			}
		}
	})
}

// signingKey is the key of all providers; another one is nobody's.
var (
	signingKey = sync.OnceValue(newKey)
	anotherKey = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
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

// post sends JSON to an endpoint.
func post(t *testing.T, k *core.Kernel, path string, body any) (int, map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://app.example.com/api/auth"+path, strings.NewReader(string(text)))
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	var answer map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return w.Code, answer
}

func TestIDTokenFlow(t *testing.T) {
	each(t, func(t *testing.T, p provider, w wire) {
		f := &fake{answers: map[string]string{}}
		c := client
		c.MoreClientIDs = []string{"mobile"}
		k := f.start(t, session.New(session.Options{}), social.New(social.Options{Providers: []social.Provider{p.make(c)}}))
		signIn := func(token, nonce string) (int, map[string]any) {
			return post(t, k, "/sign-in/social", map[string]any{"provider": p.id, "idToken": map[string]any{"token": token, "nonce": nonce}})
		}
		now := today.Unix()
		good := func(more ...any) map[string]any {
			claims := standardClaims("aud", "client", "iat", now, "exp", now+3600, "nonce", "a-nonce")
			if w.idToken != nil {
				claims["iss"] = w.idToken.issuer
				for name, value := range w.idToken.claims {
					claims[name] = value
				}
			}
			for i := 0; i+1 < len(more); i += 2 {
				if claims[more[i].(string)] = more[i+1]; more[i+1] == nil {
					delete(claims, more[i].(string))
				}
			}
			return claims
		}
		switch {
		case w.idToken == nil:
			status, answer := signIn(sign(t, jose.RS256, signingKey(), good("iss", "https://any.example")), "a-nonce")
			if status != http.StatusNotFound || answer["code"] != "ID_TOKEN_NOT_SUPPORTED" {
				t.Errorf("answer %d %v", status, answer)
			}
			return
		case w.idToken.keys == "":
			testRemoteIDTokens(t, f, good(), signIn)
			return
		}
		// Not every provider says what a key is for, so that is no help.
		keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signingKey().Public(), KeyID: "k1", Use: "sig"}}})
		if err != nil {
			t.Fatal(err)
		}
		f.answers[w.idToken.keys] = string(keys)
		sum := sha256.Sum256([]byte("a-nonce"))
		hashed := hex.EncodeToString(sum[:])
		for _, test := range []struct {
			name  string
			token string
			nonce string
			good  bool
		}{
			{"good", sign(t, jose.RS256, signingKey(), good()), "a-nonce", true},
			{"without a nonce that is not expected", sign(t, jose.RS256, signingKey(), good("nonce", nil)), "", true},
			{"of the second client id", sign(t, jose.RS256, signingKey(), good("aud", "mobile")), "a-nonce", true},
			{"with a hashed nonce", sign(t, jose.RS256, signingKey(), good("nonce", hashed)), "a-nonce", w.idToken.hashedNonce},
			{"of two hours ago", sign(t, jose.RS256, signingKey(), good("iat", now-7200)), "a-nonce", w.idToken.ageless},
			{"with another nonce", sign(t, jose.RS256, signingKey(), good()), "another", false},
			{"without the nonce that is expected", sign(t, jose.RS256, signingKey(), good("nonce", nil)), "a-nonce", false},
			{"of another issuer", sign(t, jose.RS256, signingKey(), good("iss", "https://evil.example")), "a-nonce", false},
			{"without issuer", sign(t, jose.RS256, signingKey(), good("iss", nil)), "a-nonce", false},
			{"for another client", sign(t, jose.RS256, signingKey(), good("aud", "another")), "a-nonce", false},
			{"for nobody", sign(t, jose.RS256, signingKey(), good("aud", nil)), "a-nonce", false},
			{"for several, issued to another", sign(t, jose.RS256, signingKey(), good("aud", []string{"client", "another"}, "azp", "another")), "a-nonce", false},
			{"expired", sign(t, jose.RS256, signingKey(), good("exp", now-31)), "a-nonce", false},
			{"without expiry", sign(t, jose.RS256, signingKey(), good("exp", nil)), "a-nonce", false},
			{"without time of issue", sign(t, jose.RS256, signingKey(), good("iat", nil)), "a-nonce", false},
			{"without subject", sign(t, jose.RS256, signingKey(), good("sub", nil, "oid", nil)), "a-nonce", false},
			{"signed with another key", sign(t, jose.RS256, anotherKey(), good()), "a-nonce", false},
			{"signed with another algorithm", sign(t, jose.PS256, signingKey(), good()), "a-nonce", false},
			{"signed with the client secret", sign(t, jose.HS256, []byte(strings.Repeat("secret", 8)), good()), "a-nonce", false},
			{"not signed", unsigned(t, good()), "a-nonce", false},
		} {
			status, answer := signIn(test.token, test.nonce)
			if test.good != (status == http.StatusOK) || !test.good && status != http.StatusUnauthorized {
				t.Errorf("%s: answer %d %v", test.name, status, answer)
			}
		}

		off := c
		off.DisableIDTokenSignIn = true
		if p.make(off).Traits().VerifiesIDTokens {
			t.Error("ID tokens are accepted although they are turned off")
		}
	})
}

// testRemoteIDTokens is for LINE, which verifies its ID tokens itself.
func testRemoteIDTokens(t *testing.T, f *fake, claims map[string]any, signIn func(token, nonce string) (int, map[string]any)) {
	t.Helper()
	token := sign(t, jose.RS256, signingKey(), claims)
	const verify = "POST api.line.me/oauth2/v2.1/verify"
	for answer, want := range map[string]int{
		`{"aud":"client","nonce":"a-nonce","sub":"subject-1"}`:  http.StatusOK,
		`{"aud":"another","nonce":"a-nonce","sub":"subject-1"}`: http.StatusUnauthorized,
		`{"aud":"client","nonce":"another","sub":"subject-1"}`:  http.StatusUnauthorized,
		`{"error":"invalid_request"}`:                           http.StatusUnauthorized,
	} {
		f.answers[verify] = answer
		if status, got := signIn(token, "a-nonce"); status != want {
			t.Errorf("%s: answer %d %v", answer, status, got)
		}
	}
	want := url.Values{"id_token": {token}, "client_id": {"client"}, "nonce": {"a-nonce"}}
	if diff := cmp.Diff(want, f.last().form); diff != "" {
		t.Error(diff)
	}
	delete(f.answers, verify)
	if status, got := signIn(token, "a-nonce"); status != http.StatusUnauthorized {
		t.Errorf("a refusal: answer %d %v", status, got)
	}
}

// unsigned returns a JWT with the algorithm "none".
func unsigned(t *testing.T, claims map[string]any) string {
	t.Helper()
	parts := strings.Split(grantOf(claims, nil).IDToken, ".")
	return "eyJhbGciOiJub25lIn0." + parts[1] + "."
}

// assertionKey is the key of clients that have one instead of a secret.
var assertionKey = sync.OnceValue(newKey)

// Clients of Cloudflare, Microsoft and Vercel can prove by a signature who they
// are (RFC 7523).
func TestTokenExchange_with_an_assertion(t *testing.T) {
	t.Parallel()
	assertion := &social.ClientAssertion{Key: assertionKey(), KeyID: "k7"}
	for endpoint, made := range map[string]func(secret string) social.Provider{
		"dash.cloudflare.com/oauth2/token": func(secret string) social.Provider {
			return cloudflare.New(cloudflare.Options{ClientID: "client", ClientSecret: secret, Assertion: assertion})
		},
		"login.microsoftonline.com/common/oauth2/v2.0/token": func(secret string) social.Provider {
			return microsoft.New(microsoft.Options{ClientID: "client", ClientSecret: secret, Assertion: assertion})
		},
		"api.vercel.com/login/oauth/token": func(secret string) social.Provider {
			return vercel.New(vercel.Options{ClientID: "client", ClientSecret: secret, Assertion: assertion})
		},
	} {
		f := &fake{answers: map[string]string{"POST " + endpoint: issued}}
		k := f.start(t)
		tokens, err := made("").Exchange(t.Context(), k, social.CodeExchange{Code: "c", Verifier: "v", RedirectURI: callback})
		checkTokens(t, tokens, err)
		form := f.last().form
		if form.Has("client_secret") || form.Get("client_id") != "client" || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || f.last().header.Get("Authorization") != "" {
			t.Errorf("%s was sent %v", endpoint, form)
		}
		claims := verified(t, form.Get("client_assertion"), jose.RS256, assertionKey().Public())
		if claims["iss"] != "client" || claims["sub"] != "client" || claims["aud"] != "https://"+endpoint || claims["jti"] == "" || claims["exp"] != float64(today.Unix()+120) {
			t.Errorf("%s was sent the claims %v", endpoint, claims)
		}
		if problem(made("")) != nil || problem(made("secret")) == nil {
			t.Errorf("%s: %v, and with a secret too: %v", endpoint, problem(made("")), problem(made("secret")))
		}
	}
	if problem(vercel.New(vercel.Options{ClientID: "client", SecretInHeader: true})) == nil {
		t.Error("a secret in the header is not demanded")
	}
}

// problem returns what keeps a server with a provider from starting.
func problem(p social.Provider) error {
	k, err := (&fake{}).kernel(social.New(social.Options{Providers: []social.Provider{p}}))
	if err == nil {
		err = k.Close(context.Background())
	}
	return err
}

// verified returns the claims of a JWT.
func verified(t *testing.T, token string, algorithm jose.SignatureAlgorithm, key any) map[string]any {
	t.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// Apple's secrets are made when they are needed.
func TestTokenExchange_with_the_key_of_Apple(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := &apple.Key{TeamID: "TEAM123456", KeyID: "KEY1234567", PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))}
	p := apple.New(apple.Options{ClientID: "client", Key: key})
	f := &fake{answers: map[string]string{"POST appleid.apple.com/auth/token": issued}}
	k := f.start(t)
	if _, err := p.AuthorizationURL(t.Context(), k, social.AuthorizationRequest{State: "s"}); err != nil {
		t.Error(err)
	}
	check := func(tokens *social.Tokens, err error) {
		t.Helper()
		checkTokens(t, tokens, err)
		claims := verified(t, f.last().form.Get("client_secret"), jose.ES256, private.Public())
		if claims["iss"] != "TEAM123456" || claims["sub"] != "client" || claims["exp"] != float64(today.Unix()+300) {
			t.Errorf("claims %v", claims)
		}
	}
	check(p.Exchange(t.Context(), k, social.CodeExchange{Code: "c", Verifier: "v", RedirectURI: callback}))
	check(p.Refresh(t.Context(), k, "a-refresh-token"))
	if err := problem(p); err != nil {
		t.Error(err)
	}
	if problem(apple.New(apple.Options{ClientID: "client", ClientSecret: "s", Key: key})) == nil || problem(apple.New(apple.Options{ClientID: "client", Key: &apple.Key{}})) == nil {
		t.Error("a key that is of no use is accepted")
	}
}

// Facebook is asked about access tokens also where the application reads the
// profile itself: a token of another application proves nothing.
func TestMapping_of_Facebook_checks_the_token_first(t *testing.T) {
	t.Parallel()
	f := &fake{answers: map[string]string{}}
	k := f.start(t)
	called := false
	p := facebook.New(facebook.Options{ClientID: "client", ClientSecret: "secret", Settings: social.Settings{
		FetchProfile: func(context.Context, social.Grant) (map[string]any, error) {
			called = true
			return map[string]any{"id": "1", "name": "Ann"}, nil
		},
	}})
	for answer, good := range map[string]bool{
		`{"data":{"app_id":"client","is_valid":true,"user_id":"1"}}`:  true,
		`{"data":{"app_id":"another","is_valid":true,"user_id":"1"}}`: false,
		`{"data":{"app_id":"client","is_valid":false,"user_id":"1"}}`: false,
		`{"data":{"app_id":"client","is_valid":true}}`:                false,
	} {
		called = false
		f.answers["GET graph.facebook.com/debug_token"] = answer
		profile, err := p.Profile(t.Context(), k, grantOf(nil, nil))
		if (err == nil && profile != nil) != good || called != good {
			t.Errorf("%s: %v %v, asked %t", answer, profile, err, called)
		}
	}
}

func TestAuthorizationURL_of_one_own_GitLab(t *testing.T) {
	t.Parallel()
	k := (&fake{}).start(t)
	for issuer, want := range map[string]string{
		"": "https://gitlab.com/oauth/authorize", "https://git.example/": "https://git.example/oauth/authorize",
		"https://git.example//forge//": "https://git.example/forge/oauth/authorize", "http://git.example:8080": "http://git.example:8080/oauth/authorize",
	} {
		got, err := gitlab.New(gitlab.Options{ClientID: "c", ClientSecret: "s", Issuer: issuer}).AuthorizationURL(t.Context(), k, social.AuthorizationRequest{State: "s"})
		if err != nil || !strings.HasPrefix(got, want+"?") {
			t.Errorf("%q: %q %v", issuer, got, err)
		}
	}
}

func TestMapping_of_VK_needs_an_address(t *testing.T) {
	t.Parallel()
	f := &fake{answers: map[string]string{"POST id.vk.com/oauth2/user_info": `{"user":{"user_id":"1"}}`}}
	k := f.start(t)
	mapped := social.Settings{MapProfile: func(_ map[string]any, p *social.Profile) { p.Email = "ann@example.com" }}
	for want, settings := range map[bool]social.Settings{false: {}, true: mapped} {
		p, err := vk.New(vk.Options{ClientID: "client", ClientSecret: "secret", Settings: settings}).Profile(t.Context(), k, grantOf(nil, nil))
		if err != nil || (p != nil) != want {
			t.Errorf("%+v %v, want a profile: %t", p, err, want)
		}
	}
}
