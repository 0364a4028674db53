package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// RFC 7636, appendix B.
func TestChallenge(t *testing.T) {
	t.Parallel()
	if got := Challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Errorf("challenge %q", got)
	}
}

func TestAuthorization_URL(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in   Authorization
		want string
	}{
		"least": {
			Authorization{Endpoint: "https://a.test/authorize", ClientID: "c", State: "s"},
			"https://a.test/authorize?response_type=code&client_id=c&state=s",
		},
		"everything": {
			Authorization{
				Endpoint: "https://a.test/authorize", ClientID: "c d", State: "s", Scopes: []string{"x", "y"}, RedirectURI: "https://b.test/cb?x=1",
				LoginHint: "a@b.c", Nonce: "n", Prompt: "login", AccessType: "offline", ResponseMode: "form_post", ResponseType: "code id_token",
				Verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", Params: Params{{"hd", "*"}, {"empty", ""}},
			},
			"https://a.test/authorize?response_type=code+id_token&client_id=c+d&state=s&scope=x+y&redirect_uri=https%3A%2F%2Fb.test%2Fcb%3Fx%3D1" +
				"&login_hint=a%40b.c&nonce=n&prompt=login&access_type=offline&response_mode=form_post&code_challenge_method=S256" +
				"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&hd=%2A",
		},
		"the endpoint's own query stays, but for what is set": {
			Authorization{Endpoint: "https://a.test/x?a=%41&state=evil&%63lient_id=evil#frag", ClientID: "c", State: "s"},
			"https://a.test/x?a=%41&response_type=code&client_id=c&state=s#frag",
		},
		"the caller sets nothing that matters": {
			Authorization{Endpoint: "https://a.test/x", ClientID: "c", State: "s", Requested: map[string]string{
				"state": "e", "client_id": "e", "redirect_uri": "e", "response_type": "e", "code_challenge": "e", "code_challenge_method": "e",
				"nonce": "e", "scope": "e", "b": "2", "a": "1 &",
			}},
			"https://a.test/x?response_type=code&client_id=c&state=s&a=1+%26&b=2",
		},
		"names and separators of their own": {
			Authorization{Endpoint: "https://a.test/x", ClientIDName: "client_key", ClientID: "c", State: "s+ ", ScopeSeparator: ",", Scopes: []string{"a", "b"}, PercentSpaces: true},
			"https://a.test/x?response_type=code&client_key=c&state=s%2B%20&scope=a%2Cb",
		},
	} {
		if diff := cmp.Diff(test.want, test.in.URL()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzAuthorization_URL(f *testing.F) {
	f.Add("https://a.test/x?a=1#f", "state", "scope", "name", "value")
	f.Add("https://a.test/x?&&=&a", "\x00", "é", "STATE", "&state=1")
	f.Add("https://a.test/x?%zz=1", "s", "", "state", "evil")
	f.Fuzz(func(t *testing.T, endpoint, state, scope, name, value string) {
		text := Authorization{Endpoint: endpoint, ClientID: "c", State: state, Scopes: []string{scope}, Requested: map[string]string{name: value}}.URL()
		_, query, _ := strings.Cut(text, "?")
		query, _, _ = strings.Cut(query, "#")
		values, err := url.ParseQuery(query)
		if err != nil || strings.ContainsAny(endpoint, "#?") {
			return // the endpoint is configuration; its own query stays as it is
		}
		if got := values["state"]; state != "" && (len(got) != 1 || got[0] != state) {
			t.Fatalf("%q: state %q", text, got)
		}
		if got := values["client_id"]; len(got) != 1 || got[0] != "c" {
			t.Fatalf("%q: client_id %q", text, got)
		}
	})
}

// provider records the request and answers with a text.
func provider(t *testing.T, status int, text string) (*httptest.Server, *http.Request, *url.Values) {
	t.Helper()
	var seen http.Request
	var form url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ = url.ParseQuery(string(body))
		seen = *r
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return server, &seen, &form
}

func TestExchange(t *testing.T) {
	t.Parallel()
	const good = `{"access_token":"a","refresh_token":"r","id_token":"i","expires_in":"3600","refresh_token_expires_in":7200,"scope":" x  y ","token_type":"Bearer"}`
	for name, test := range map[string]struct {
		exchange Exchange
		form     url.Values
		basic    string
	}{
		"secret in the body": {
			Exchange{Client: Client{ID: "c", Secret: "s"}, Code: "code", Verifier: "v", RedirectURI: "u"},
			url.Values{"grant_type": {"authorization_code"}, "code": {"code"}, "code_verifier": {"v"}, "redirect_uri": {"u"}, "client_id": {"c"}, "client_secret": {"s"}},
			"",
		},
		"secret in the header": {
			Exchange{Client: Client{ID: "c:d", Secret: "s/t", Basic: true}, Code: "code", RedirectURI: "u", DeviceID: "d"},
			url.Values{"grant_type": {"authorization_code"}, "code": {"code"}, "redirect_uri": {"u"}, "device_id": {"d"}},
			"Basic YyUzQWQ6cyUyRnQ=",
		},
		"public client": {
			Exchange{Client: Client{ID: "c", Basic: true}, Code: "code", RedirectURI: "u", Params: Params{{"code", "evil"}, {"more", "1"}, {"client_id", "evil"}}},
			url.Values{"grant_type": {"authorization_code"}, "code": {"code"}, "redirect_uri": {"u"}, "client_id": {"c"}, "more": {"1"}},
			"",
		},
		"other name": {
			Exchange{Client: Client{ID: "c", IDName: "client_key", Secret: "s"}, Code: "code", RedirectURI: "u"},
			url.Values{"grant_type": {"authorization_code"}, "code": {"code"}, "redirect_uri": {"u"}, "client_key": {"c"}, "client_secret": {"s"}},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, seen, form := provider(t, 200, good)
			test.exchange.Endpoint = server.URL + "/token"
			tokens, err := test.exchange.Do(t.Context(), server.Client(), now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.form, *form); diff != "" {
				t.Error(diff)
			}
			if seen.Method != http.MethodPost || seen.Header.Get("Authorization") != test.basic || seen.Header.Get("Accept") != "application/json" {
				t.Errorf("request %s %v", seen.Method, seen.Header)
			}
			tokens.Raw = nil
			want := &Tokens{
				AccessToken: "a", RefreshToken: "r", IDToken: "i", TokenType: "Bearer", Scopes: []string{"x", "y"},
				AccessTokenExpiresAt: now.Add(time.Hour), RefreshTokenExpiresAt: now.Add(2 * time.Hour),
			}
			if diff := cmp.Diff(want, tokens); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	server, _, form := provider(t, 200, `{"access_token":"a"}`)
	tokens, err := Refresh{
		Endpoint: server.URL, Client: Client{ID: "c", Secret: "s"}, RefreshToken: "r",
		Params: Params{{"refresh_token", "evil"}, {"client_id", "evil"}, {"scope", "x"}},
	}.Do(t.Context(), server.Client(), now)
	if err != nil || tokens.AccessToken != "a" || !tokens.AccessTokenExpiresAt.IsZero() {
		t.Errorf("%+v %v", tokens, err)
	}
	want := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"r"}, "client_id": {"c"}, "client_secret": {"s"}, "scope": {"x"}}
	if diff := cmp.Diff(want, *form); diff != "" {
		t.Error(diff)
	}
}

func TestRequests_refuse_bad_answers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"failure":                {400, `{"error":"invalid_grant","error_description":"the code SECRET"}`, "answered 400 invalid_grant"},
		"failure without reason": {503, `SECRET`, "answered 503"},
		"failure with odd code":  {400, `{"error":"SECRET with spaces"}`, "answered 400"},
		"redirect":               {302, `{"access_token":"a"}`, "answered 302"},
		"error with status 200":  {200, `{"error":"bad_verification_code","access_token":"a"}`, ErrNoToken.Error()},
		"no token":               {200, `{}`, ErrNoToken.Error()},
		"null":                   {200, `null`, ErrNoToken.Error()},
		"no JSON":                {200, `access_token=a`, "not the JSON"},
		"another kind of JSON":   {200, `["a"]`, "not the JSON"},
		"endless":                {200, `{"access_token":"` + strings.Repeat("a", 1<<20) + `"}`, "longer than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _, _ := provider(t, test.status, test.body)
			tokens, err := Exchange{Endpoint: server.URL, Client: Client{ID: "c", Secret: "client-SECRET"}, Code: "SECRET"}.Do(t.Context(), server.Client(), now)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%+v %v", tokens, err)
			}
		})
	}
}

func TestRequests_end_with_their_context(t *testing.T) {
	t.Parallel()
	server, _, _ := provider(t, 200, `{}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out any
	err := GetJSON(ctx, server.Client(), Request{URL: server.URL + "/?access_token=SECRET"}, &out)
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("error %v", err)
	}
}

func TestParseTokens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer  map[string]any
		scopes  []string
		expires time.Time
	}{
		"list of scopes":    {map[string]any{"access_token": "a", "scope": []any{"x", 1.0, "", "y"}}, []string{"x", "y"}, time.Time{}},
		"scopes of no kind": {map[string]any{"access_token": "a", "scope": 1.0}, nil, time.Time{}},
		"fraction":          {map[string]any{"access_token": "a", "expires_in": 1.5}, nil, now.Add(1500 * time.Millisecond)},
		"negative":          {map[string]any{"access_token": "a", "expires_in": -1.0}, nil, time.Time{}},
		"endless":           {map[string]any{"access_token": "a", "expires_in": 1e300}, nil, time.Time{}},
		"not a number":      {map[string]any{"access_token": "a", "expires_in": "NaN"}, nil, time.Time{}},
		"empty error":       {map[string]any{"access_token": "a", "error": ""}, nil, time.Time{}},
	} {
		tokens, err := ParseTokens(test.answer, now)
		if err != nil || !cmp.Equal(tokens.Scopes, test.scopes) || !tokens.AccessTokenExpiresAt.Equal(test.expires) {
			t.Errorf("%s: %+v %v", name, tokens, err)
		}
	}
}

func BenchmarkAuthorization_URL(b *testing.B) {
	a := Authorization{
		Endpoint: "https://accounts.google.com/o/oauth2/v2/auth", ClientID: "client", State: strings.Repeat("s", 32), Scopes: []string{"email", "profile", "openid"},
		RedirectURI: "https://app.example.com/api/auth/callback/google", Verifier: strings.Repeat("v", 128),
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = a.URL()
	}
}

// unreliable fails a number of times before it answers.
type unreliable struct {
	failures, asked int
	answer          string
}

func (u *unreliable) RoundTrip(r *http.Request) (*http.Response, error) {
	u.asked++
	if u.asked <= u.failures {
		return nil, errors.New("connection reset")
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(u.answer))}, nil
}

// A code that was sent may have been used up although no answer came.
func TestRequests_are_sent_again_only_if_they_change_nothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		request  Request
		failures int
		asked    int
		ok       bool
	}{
		{Request{URL: "https://a.test/me"}, 1, 2, true},
		{Request{URL: "https://a.test/me"}, 2, 2, false},
		{Request{URL: "https://a.test/token", Method: http.MethodPost, Form: Params{{Name: "code", Value: "c"}}}, 1, 1, false},
		{Request{URL: "https://a.test/graphql", Method: http.MethodPost, JSON: "q"}, 1, 1, false},
	} {
		u := &unreliable{failures: test.failures, answer: "{}"}
		var out map[string]any
		err := GetJSON(t.Context(), &http.Client{Transport: u}, test.request, &out)
		if u.asked != test.asked || (err == nil) != test.ok {
			t.Errorf("%+v: asked %d times, %v", test, u.asked, err)
		}
	}
}
