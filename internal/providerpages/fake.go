package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/social"
)

// fake answers in the place of all providers, and remembers what it was asked.
type fake struct {
	mu      sync.Mutex
	answers map[string]string // by method, host and path
	// otherwise is the answer to everything else; "" is 404.
	otherwise string
	asked     []asked
}

// asked is a request that a provider would have got.
type asked struct {
	at     string // method, host and path
	query  url.Values
	form   url.Values
	header http.Header
}

// RoundTrip answers a request.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	form := url.Values{}
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		form, _ = url.ParseQuery(string(body))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at := r.Method + " " + r.URL.Host + r.URL.Path
	f.asked = append(f.asked, asked{at, r.URL.Query(), form, r.Header})
	status := http.StatusOK
	text, known := f.answers[at]
	switch {
	case !known && f.otherwise != "":
		text = f.otherwise
	case !known:
		status, text = http.StatusNotFound, `{"error":"not_found"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(text))}, nil
}

// last returns the request that came last.
func (f *fake) last() asked {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) == 0 {
		return asked{}
	}
	return f.asked[len(f.asked)-1]
}

// kernel returns a kernel whose requests reach the fake, with further plugins.
func (f *fake) kernel(plugins ...core.Plugin) (*core.Kernel, error) {
	off := false
	return core.New(core.Config{
		BaseURL: core.StaticURL("https://app.example.com"), Secret: strings.Repeat("an-example-", 4), Now: func() time.Time { return today },
		HTTPClient: &http.Client{Transport: f}, RateLimit: core.RateLimitOptions{Enabled: &off}, Plugins: plugins,
		Database: memory.New(), Logger: slog.New(slog.DiscardHandler),
	})
}

// today is the time at which everything happens.
var today = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// answersOf returns what a provider says about the owner of a token.
func answersOf(p provider) map[string]string {
	all := map[string]string{}
	for at, text := range p.answers {
		all[at] = text
	}
	return all
}

// grantOf returns the tokens of somebody who has signed in. The ID token has no
// signature worth the name: it comes from the provider itself.
func grantOf(claims, tokens map[string]any) social.Grant {
	g := social.Grant{Tokens: social.Tokens{AccessToken: "an-access-token", Raw: tokens}}
	if claims != nil {
		text, err := json.Marshal(claims)
		if err != nil {
			panic(fmt.Sprintf("claims: %v", err)) // they are written down in this package
		}
		encode := base64.RawURLEncoding.EncodeToString
		g.IDToken = encode([]byte(`{"alg":"RS256"}`)) + "." + encode(text) + "." + encode([]byte("signature"))
	}
	return g
}
