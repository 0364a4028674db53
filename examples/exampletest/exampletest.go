// Package exampletest drives an example through the life of an account.
package exampletest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/examples/account"
)

// Origin is the address that the server under test believes to have.
const Origin = "http://localhost:3000"

// Auth opens the authentication of the examples on a new database; change may
// alter its options.
func Auth(t *testing.T, change func(o *ostiary.Options)) *ostiary.Auth {
	t.Helper()
	options := account.Options(filepath.Join(t.TempDir(), "example.db"), Origin, "a-secret-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz")
	// The cookie cache makes responses with several cookies.
	options.Session.CookieCache = core.CookieCacheOptions{Enabled: true}
	if change != nil {
		change(&options)
	}
	auth, err := account.Open(t.Context(), options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil { // the test's own context has ended
			t.Errorf("close: %v", err)
		}
	})
	return auth
}

// Serve starts a test server and returns its address.
func Serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// step is one request and what must come of it.
type step struct {
	name         string
	method, path string
	body         string
	status       int
	cookies      []string    // names of the cookies that the response sets
	me           *account.Me // what /me answers
}

var life = []step{
	{name: "a stranger is refused", method: "GET", path: "/me", status: 401},
	{
		name: "sign up", method: "POST", path: "/api/auth/sign-up/email", status: 200,
		body:    `{"name":"Ada","email":"ada@example.com","password":"correct horse battery","nickname":"countess"}`,
		cookies: []string{"better-auth.session_data", "better-auth.session_token"},
	},
	{name: "the guard lets in", method: "GET", path: "/me", status: 200, me: &account.Me{Name: "Ada", Email: "ada@example.com", Plan: "free", Nickname: "countess"}},
	{name: "a plan cannot be chosen", method: "POST", path: "/api/auth/update-user", body: `{"plan":"enterprise"}`, status: 400},
	{name: "update the session", method: "POST", path: "/api/auth/update-session", body: `{"theme":"dark"}`, status: 200},
	{name: "update the user", method: "POST", path: "/api/auth/update-user", body: `{"name":"Ada Lovelace","nickname":"ada"}`, status: 200},
	{name: "updates are seen at once", method: "GET", path: "/me", status: 200, me: &account.Me{Name: "Ada Lovelace", Email: "ada@example.com", Plan: "free", Nickname: "ada", Theme: "dark"}},
	{name: "the session is served", method: "GET", path: "/api/auth/get-session", status: 200},
	{name: "unknown endpoints are not found", method: "GET", path: "/api/auth/nothing", status: 404},
	{
		name: "sign out", method: "POST", path: "/api/auth/sign-out", body: `{}`, status: 200,
		cookies: []string{"better-auth.dont_remember", "better-auth.session_data", "better-auth.session_token"},
	},
	{name: "nobody is signed in", method: "GET", path: "/me", status: 401},
	{name: "sign in", method: "POST", path: "/api/auth/sign-in/email", body: `{"email":"ada@example.com","password":"correct horse battery"}`, status: 200},
	{name: "the guard lets in again", method: "GET", path: "/me", status: 200, me: &account.Me{Name: "Ada Lovelace", Email: "ada@example.com", Plan: "free", Nickname: "ada"}},
}

// Run goes through the life of an account at the example that serve starts.
func Run(t *testing.T, serve func(t *testing.T, auth *ostiary.Auth) (address string)) {
	t.Helper()
	address := serve(t, Auth(t, nil))
	browser := NewBrowser(t, address)
	for _, s := range life {
		response := browser.Send(s.method, s.path, s.body)
		if response.Status != s.status {
			t.Fatalf("%s: status %d, want %d: %s", s.name, response.Status, s.status, response.Body)
		}
		if s.cookies != nil {
			if d := cmp.Diff(s.cookies, response.Cookies); d != "" {
				t.Errorf("%s: cookies (-want +got):\n%s", s.name, d)
			}
		}
		if s.me != nil {
			var got account.Me
			if err := json.Unmarshal(response.Body, &got); err != nil {
				t.Fatalf("%s: %v: %s", s.name, err, response.Body)
			}
			if d := cmp.Diff(*s.me, got); d != "" {
				t.Errorf("%s: (-want +got):\n%s", s.name, d)
			}
		}
	}
}

// Browser sends requests as a page of the application does.
type Browser struct {
	t       *testing.T
	address string
	client  *http.Client
}

// Response is what a browser got.
type Response struct {
	Status  int
	Body    []byte
	Cookies []string // the names of those that it sets, sorted
	Header  http.Header
}

// NewBrowser returns a browser without cookies for the server at address.
func NewBrowser(t *testing.T, address string) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &Browser{t: t, address: address, client: &http.Client{Jar: jar, Transport: transport}}
}

// Send sends a request, with a JSON body unless body is empty.
func (b *Browser) Send(method, path, body string) Response {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.address+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Origin", Origin)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := b.client.Do(request)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	response := Response{Status: answer.StatusCode, Body: bytes.TrimSpace(text), Header: answer.Header}
	for _, cookie := range answer.Cookies() {
		response.Cookies = append(response.Cookies, cookie.Name)
	}
	slices.Sort(response.Cookies)
	response.Cookies = slices.Compact(response.Cookies)
	return response
}
