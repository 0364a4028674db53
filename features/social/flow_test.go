package social

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/random"
	"github.com/ostiary/ostiary/internal/secret"
)

func keyring(t testing.TB, value string) *core.Kernel {
	t.Helper()
	keys, err := secret.NewKeyring(secret.Options{Secret: secret.String(value)})
	if err != nil {
		t.Fatal(err)
	}
	return &core.Kernel{Secrets: keys, Random: random.New(nil)}
}

// The text is part of the data contract: a Better Auth server on the same
// database reads it.
func TestFlow_text_is_that_of_Better_Auth(t *testing.T) {
	t.Parallel()
	yes := true
	f := &Flow{
		CallbackURL: "/in?a=1&b=<>", ErrorURL: "/oops", NewUserURL: "/new", RequestSignUp: &yes,
		Additional: map[string]any{"z": 1.0, "a": "é", "link": "mine", "serverContext": "mine"},
		state:      "the-state", verifier: "the-verifier", nonce: "the-nonce",
		link: &flowLink{"u1", "ann@example.com", "sealed"}, expiresAt: time.UnixMilli(1893553445000),
	}
	text, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"a":"é","z":1,"callbackURL":"/in?a=1&b=<>","codeVerifier":"the-verifier","errorURL":"/oops","newUserURL":"/new",` +
		`"link":{"userId":"u1","email":"ann@example.com","encryptedSessionToken":"sealed"},"expiresAt":1893553445000,` +
		`"requestSignUp":true,"idTokenNonce":"the-nonce","oauthState":"the-state"}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	back, err := DecodeFlow(text)
	if err != nil {
		t.Fatal(err)
	}
	f.Additional, f.LinkUserID = map[string]any{"z": 1.0, "a": "é"}, "u1"
	if diff := cmp.Diff(f, back, cmp.AllowUnexported(Flow{}, flowLink{})); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecodeFlow(f *testing.F) {
	for _, seed := range []string{
		`{"callbackURL":"/","codeVerifier":"v","expiresAt":1,"oauthState":"s"}`, `{}`, `null`, `[]`, `{"callbackURL":1}`,
		`{"callbackURL":"/","codeVerifier":"v","expiresAt":1e300}`, `{"callbackURL":"/","codeVerifier":"v","expiresAt":1,"link":null,"link":{"userId":"x"}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		flow, err := DecodeFlow([]byte(text))
		if err != nil {
			return
		}
		again, err := flow.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(again) {
			t.Fatalf("%s is no JSON", again)
		}
		for _, name := range serverMembers {
			if _, kept := flow.Additional[name]; kept {
				t.Fatalf("%s is taken for the client's", name)
			}
		}
	})
}

func TestVerifier_is_bound_to_state_provider_and_secret(t *testing.T) {
	t.Parallel()
	k := keyring(t, strings.Repeat("s", 40))
	v := newVerifier(k, "state", "acme")
	if len(v) != 128 || strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		t.Errorf("%q is no verifier", v)
	}
	for name, ok := range map[string]bool{
		"its own":          verifierMadeFor(k, v, "state", "acme"),
		"other provider":   !verifierMadeFor(k, v, "state", "plain"),
		"other state":      !verifierMadeFor(k, v, "other", "acme"),
		"parts moved":      !verifierMadeFor(k, v, "statea", "cme"),
		"other secret":     !verifierMadeFor(keyring(t, strings.Repeat("t", 40)), v, "state", "acme"),
		"first half":       !verifierMadeFor(k, "*"+v[1:], "state", "acme"),
		"too short":        !verifierMadeFor(k, v[:127], "state", "acme"),
		"nothing":          !verifierMadeFor(k, "", "state", "acme"),
		"not base64url":    !verifierMadeFor(k, v[:127]+"*", "state", "acme"),
		"another one made": newVerifier(k, "state", "acme") != v,
	} {
		if !ok {
			t.Error(name)
		}
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in   any
		want string
	}{
		{"abc", "abc"},
		{4242.0, "4242"},
		{123456789012.0, "123456789012"},
		{"0", "0"},
		{0.0, "0"},
		{"", ""},
		{" ", ""},
		{"undefined", ""},
		{"null", ""},
		{"NaN", ""},
		{nil, ""},
		{true, ""},
		{map[string]any{}, ""},
		{[]any{"a"}, ""},
	} {
		if got := Subject(test.in); got != test.want {
			t.Errorf("Subject(%v) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestPlaceholder(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{"t2_abc": "t2_abc@reddit.placeholder.invalid", "": "", "a@b": "", "a b": "", "null": ""} {
		if got := Placeholder(subject, "reddit"); got != want {
			t.Errorf("%q: %q, want %q", subject, got, want)
		}
	}
}

func TestInit_reports_what_is_wrong(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]Provider{
		"no client id":      Definition{ID: "a"}.New(Client{}),
		"bad id":            Definition{ID: "a/b"}.New(Client{ID: "x"}),
		"id of passwords":   Definition{ID: "credential"}.New(Client{ID: "x"}),
		"its own complaint": Definition{ID: "a", Problem: errNoTokens}.New(Client{ID: "x"}),
	} {
		if err := New(Options{Providers: []Provider{p}}).Init(keyring(t, strings.Repeat("s", 40))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	k := keyring(b, strings.Repeat("s", 40))
	p := Definition{ID: "acme", AuthorizationEndpoint: "https://acme.test/authorize", DefaultScopes: []string{"openid", "email"}}.New(Client{ID: "x"})
	b.ReportAllocs()
	for b.Loop() {
		f := &Flow{CallbackURL: "/in", state: "01234567890123456789012345678901", verifier: newVerifier(k, "01234567890123456789012345678901", "acme")}
		if _, err := f.Encode(); err != nil {
			b.Fatal(err)
		}
		if _, err := p.AuthorizationURL(b.Context(), k, AuthorizationRequest{State: f.state, Verifier: f.verifier, RedirectURI: "https://app.example.com/api/auth/callback/acme"}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNameOf_reads_what_Apple_posts(t *testing.T) {
	t.Parallel()
	for user, want := range map[string][2]string{
		`{"name":{"firstName":"Ann","lastName":"Example"},"email":"evil@example.com"}`: {"Ann", "Example"},
		`{"name":{"firstName":"Ann"}}`: {"Ann", ""},
		`{"name":"Ann"}`:               {},
		`{`:                            {},
		``:                             {},
		`{"name":{"firstName":"` + strings.Repeat("x", maxUserJSON) + `"}}`: {},
	} {
		if first, last := nameOf(user); [2]string{first, last} != want {
			t.Errorf("%.60s: %q %q", user, first, last)
		}
	}
}
