package e2e

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/genericoauth"
)

// relyingParty is a program with Ostiary inside, a page with the official client,
// and the provider openid, which others have written.
type relyingParty struct {
	url    string
	issuer string

	mu       sync.Mutex
	ahead    time.Duration // how far its clock is
	callback string        // the address to which a browser came back last
}

// now is the clock of the application.
func (a *relyingParty) now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Add(a.ahead)
}

func (a *relyingParty) advance(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ahead += d
}

// cameBack returns the address of the latest callback.
func (a *relyingParty) cameBack() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.callback
}

// run starts the application and its provider.
func run(t *testing.T) *relyingParty {
	t.Helper()
	a := &relyingParty{}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	a.issuer = startProvider(t, a.url+"/api/auth/callback/openid")

	unlimited := false // the tests are quicker than people
	auth, err := ostiary.New(ostiary.Options{
		RateLimit: core.RateLimitOptions{Enabled: &unlimited},
		BaseURL:   ostiary.StaticURL(a.url), Secret: strings.Repeat("a-secret-of-the-tests-", 2), Database: memory.New(),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins: []core.Plugin{genericoauth.New(genericoauth.Options{Providers: []genericoauth.Provider{{
			ID: "openid", ClientID: "ostiary", ClientSecret: "a-secret-of-the-tests",
			DiscoveryURL: a.issuer + "/.well-known/openid-configuration", Scopes: []string{"openid", "profile", "email"}, RequireIDToken: true,
		}}})},
		Advanced: ostiary.AdvancedOptions{Now: a.now, PrivateNetworks: []string{"127.0.0.0/8", "::1/128"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	script := bundle(t)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "openid/page.html") })
	mux.HandleFunc("GET /client.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, script) })
	mux.HandleFunc("/api/auth/", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/callback/") {
			a.mu.Lock()
			a.callback = a.url + r.URL.String()
			a.mu.Unlock()
		}
		auth.ServeHTTP(w, r)
	})
	return a
}

// bundle makes one file of the official client and the script of the page.
func bundle(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "client.js")
	program := "openid/node_modules/.bin/esbuild"
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: run make prepare", err)
	}
	command := exec.CommandContext(t.Context(), program, "openid/client.mjs", "--bundle", "--format=esm", "--log-level=warning", "--outfile="+file)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("bundle the client: %v\n%s", err, out)
	}
	return file
}

// startProvider starts the provider, which ends with its standard input, and
// returns its issuer.
func startProvider(t *testing.T, redirectURI string) string {
	t.Helper()
	command := exec.Command("node", "openid/provider.mjs")
	command.Env = append(os.Environ(), "REDIRECT_URI="+redirectURI, "NODE_ENV=test")
	command.Stderr = &logged{t: t}
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	deadline := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
	defer deadline.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://localhost:") {
			return lines.Text()
		}
	}
	t.Fatal("the provider did not start")
	return ""
}

// logged keeps what the provider complains about, and shows it when a test fails.
type logged struct {
	t    *testing.T
	once sync.Once
	mu   sync.Mutex
	text strings.Builder
}

// Write keeps a text.
func (l *logged) Write(b []byte) (int, error) {
	l.once.Do(func() {
		l.t.Cleanup(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.t.Failed() {
				l.t.Logf("the provider says\n%s", l.text.String())
			}
		})
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// visit opens the page and waits until it knows who is signed in.
func (b *browser) visit(address string) {
	b.t.Helper()
	b.do("open "+address, chromedp.Navigate(address))
	b.see("body[data-ready=yes]")
}

// press presses a button of the page.
func (b *browser) press(id string) {
	b.t.Helper()
	b.see("body[data-ready=yes]")
	b.do("press "+id, chromedp.Click("#"+id))
}

// logIn fills in the form of the provider, and agrees if asked to.
func (b *browser) logIn(login string, agree bool) {
	b.t.Helper()
	b.do("log in", chromedp.WaitVisible("input[name=login]"), chromedp.SendKeys("input[name=login]", login),
		chromedp.SendKeys("input[name=password]", "any"), chromedp.Click("button[type=submit]"))
	if agree {
		b.agree()
	}
}

// agree gives consent.
func (b *browser) agree() {
	b.t.Helper()
	b.do("agree", chromedp.WaitVisible("input[name=prompt][value=consent] + button"), chromedp.Click("input[name=prompt][value=consent] + button"))
}

// back waits until the browser is back with a query.
func (b *browser) back(query string) {
	b.t.Helper()
	b.see("body[data-ready=yes]")
	b.reads("#address", query)
}

// TestOpenIDConnect signs in with a provider that others have written.
func TestOpenIDConnect(t *testing.T) {
	t.Parallel()
	a := run(t)
	b := open(t)

	// Nobody has logged in at the provider: it says so instead of asking.
	b.visit(a.url)
	b.press("sign-in-silently")
	b.back("error=login_required")
	b.reads("#user", "nobody")

	// The user does not want to.
	b.press("sign-in")
	b.do("cancel", chromedp.WaitVisible("a[href$='/abort']"), chromedp.Click("a[href$='/abort']"))
	b.back("error=access_denied")
	b.reads("#user", "nobody")

	// Sign up, and sign in again.
	b.press("sign-in")
	b.logIn("ann", true)
	b.back("done=up")
	b.reads("#user", "ann@example.com")
	b.reads("#name", "Ann")
	b.reads("#accounts", "openid")
	used := a.cameBack()
	b.leave(a)
	b.press("sign-in") // the provider knows the user and the consent
	b.back("done=in")
	b.reads("#user", "ann@example.com")
	b.leave(a)

	// A callback is good for one use, also in the browser that began.
	for _, again := range []string{used, a.cameBack()} {
		b.visitCallback(again)
		b.holds(`location.href.includes("error=state_mismatch")`)
		b.visit(a.url)
		b.reads("#user", "nobody")
	}

	// Whoever signs out at the provider too has to log in again.
	b.press("sign-in")
	b.back("done=in")
	b.press("sign-out")
	b.do("sign out at the provider", chromedp.WaitVisible("button[value=yes]"), chromedp.Click("button[value=yes]"))
	b.holds(`document.querySelector("button[value=yes]") === null`)
	b.visit(a.url)
	b.press("sign-in")
	b.see("input[name=login]")
}

// leave signs out here and not at the provider, to which the browser is led.
func (b *browser) leave(a *relyingParty) {
	b.t.Helper()
	b.press("sign-out")
	b.see("button[value=yes]")
	b.visit(a.url)
	b.reads("#user", "nobody")
}

// visitCallback opens an address that leads elsewhere.
func (b *browser) visitCallback(address string) {
	b.t.Helper()
	b.do("open a callback", chromedp.Navigate(address))
}

// TestOpenIDConnect_too_late comes back after the state has expired.
func TestOpenIDConnect_too_late(t *testing.T) {
	t.Parallel()
	a := run(t)
	b := open(t)
	b.visit(a.url)
	b.press("sign-in")
	b.logIn("ann", false)
	a.advance(11 * time.Minute)
	b.agree()
	b.holds(`location.href.includes("error=state_mismatch")`)
	if u, err := url.Parse(a.cameBack()); err != nil || u.Query().Get("code") == "" {
		t.Errorf("the provider sent back %s", u)
	}
	b.visit(a.url)
	b.reads("#user", "nobody")
}

// TestOpenIDConnect_links links an account to a user with a password, and takes
// it away again.
func TestOpenIDConnect_links(t *testing.T) {
	t.Parallel()
	a := run(t)
	b := open(t)
	b.visit(a.url)
	b.press("sign-up-locally")
	b.reads("#user", "ann@example.com")
	b.reads("#accounts", "credential")

	// The user has not proven the address, so the identity is not linked unasked.
	other := open(t)
	other.visit(a.url)
	other.press("sign-in")
	other.logIn("ann", true)
	other.back("error=account_not_linked")
	other.reads("#user", "nobody")

	b.press("link")
	b.logIn("ann", true)
	b.back("done=linked")
	b.reads("#accounts", "credential openid")
	b.press("unlink")
	b.holds(`document.querySelector("#accounts").textContent === "credential"`)
}
