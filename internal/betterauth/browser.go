package betterauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Names of the two servers of a [Pair].
const (
	Theirs = "Better Auth"
	Ours   = "Ostiary"
)

// Orders are the two servers in both orders.
var Orders = [][2]string{{Ours, Theirs}, {Theirs, Ours}}

// Pair are two servers of one site: Better Auth and Ostiary.
type Pair struct {
	t       testing.TB
	site    *url.URL
	servers map[string]string // addresses by name
	strange int               // clients that have not been seen before
}

// NewPair returns the servers at two addresses, which have one base URL.
func NewPair(t testing.TB, baseURL, ours, theirs string) *Pair {
	t.Helper()
	site, err := url.Parse(baseURL)
	if err != nil {
		t.Fatal(err)
	}
	return &Pair{t: t, site: site, servers: map[string]string{Ours: ours, Theirs: theirs}}
}

// In returns the same servers for a subtest, which is ended when something fails.
func (p *Pair) In(t testing.TB) *Pair {
	in := *p
	in.t = t
	return &in
}

// Browser keeps the cookies of one user at both servers, which have one address
// for it.
type Browser struct {
	pair *Pair
	jar  *cookiejar.Jar
}

// Browser returns a browser without cookies.
func (p *Pair) Browser() *Browser {
	jar, _ := cookiejar.New(nil) // never fails
	return &Browser{p, jar}
}

// SignIn returns a browser that has signed in at a server.
func (p *Pair) SignIn(server, email, password string) *Browser {
	p.t.Helper()
	b := p.Browser()
	b.Must(server, http.MethodPost, "/sign-in/email", map[string]any{"email": email, "password": password})
	return b
}

// Copy returns a browser with the same cookies.
func (b *Browser) Copy() *Browser {
	other := b.pair.Browser()
	other.jar.SetCookies(b.pair.site, b.jar.Cookies(b.pair.site))
	return other
}

// Ask sends a request as a client that has not asked before, so that no limit
// stands in the way.
func (b *Browser) Ask(server, method, path string, body any) (status int, text string) {
	b.pair.t.Helper()
	return b.AskAs(b.pair.stranger(), server, method, path, body)
}

// AskAs sends a request as the client of an address.
func (b *Browser) AskAs(client, server, method, path string, body any) (status int, text string) {
	b.pair.t.Helper()
	status, _, text = b.do(client, server, method, path, body)
	return status, text
}

// Must returns the answer to a request that has to succeed.
func (b *Browser) Must(server, method, path string, body any) string {
	b.pair.t.Helper()
	status, text := b.Ask(server, method, path, body)
	if status != http.StatusOK {
		b.pair.t.Fatalf("%s %s %s: %d %s", server, method, path, status, text)
	}
	return text
}

// Follow asks for a page that has to redirect, and returns where to.
func (b *Browser) Follow(server, path string) string {
	b.pair.t.Helper()
	status, location, text := b.do(b.pair.stranger(), server, http.MethodGet, path, nil)
	if status != http.StatusFound {
		b.pair.t.Fatalf("%s %s: %d %s", server, path, status, text)
	}
	return location
}

func (p *Pair) stranger() string {
	p.strange++
	return fmt.Sprintf("198.51.%d.%d", p.strange/250, p.strange%250+1)
}

func (b *Browser) do(client, server, method, path string, body any) (status int, location, text string) {
	t := b.pair.t
	t.Helper()
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, b.pair.servers[server]+"/api/auth"+path, bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.jar.Cookies(b.pair.site) {
		r.AddCookie(c)
	}
	r.Header.Set("Origin", b.pair.site.Scheme+"://"+b.pair.site.Host)
	r.Header.Set("X-Forwarded-For", client)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := noRedirects.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b.jar.SetCookies(b.pair.site, answer.Cookies())
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Location"), string(content)
}

var noRedirects = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// User returns whoever is signed in, at a server; nil for nobody.
func (b *Browser) User(server string) map[string]any {
	b.pair.t.Helper()
	var out *struct{ User map[string]any }
	if err := json.Unmarshal([]byte(b.Must(server, http.MethodGet, "/get-session", nil)), &out); err != nil {
		b.pair.t.Fatal(err)
	}
	if out == nil {
		return nil
	}
	return out.User
}

// Name returns the name of whoever is signed in, at a server; "" for nobody.
func (b *Browser) Name(server string) string {
	b.pair.t.Helper()
	name, _ := b.User(server)["name"].(string)
	return name
}

// Token returns the token of the session, or "".
func (b *Browser) Token() string {
	for _, c := range b.jar.Cookies(b.pair.site) {
		if strings.HasSuffix(c.Name, "better-auth.session_token") {
			token, _, _ := strings.Cut(c.Value, ".")
			return token
		}
	}
	return ""
}
