package web

import (
	"encoding/json"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// ask sends a request and returns the answer with its body. The header holds
// names and values in turn.
func ask(t *testing.T, h http.Handler, method, target string, header ...string) (*http.Response, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody)
	request.URL.Path, request.URL.RawQuery, _ = strings.Cut(target, "?")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	response := recorder.Result()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// assetPaths returns the path of every embedded asset.
func assetPaths(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(dist, "dist/assets/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no assets are embedded")
	}
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, "dist")
	}
	return names
}

func TestEveryViewIsTheSameShell(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	response, shell := ask(t, h, http.MethodGet, "/")
	for _, target := range []string{"/", "/sign-in", "/sign-up", "/forgot-password", "/reset-password?token=secret", "/verified?error=TOKEN_EXPIRED", "/account"} {
		got, body := ask(t, h, http.MethodGet, target)
		if got.StatusCode != http.StatusOK || body != shell {
			t.Errorf("%s: got status %d and %d bytes, want the shell", target, got.StatusCode, len(body))
		}
		want := map[string]string{"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache", "ETag": response.Header.Get("ETag")}
		checkHeader(t, target, got, want)
	}
	if !strings.HasPrefix(shell, "<!doctype html>") {
		t.Errorf("the shell begins with %.40q", shell)
	}
}

func checkHeader(t *testing.T, what string, response *http.Response, want map[string]string) {
	t.Helper()
	got := make(map[string]string, len(want))
	for name := range want {
		got[name] = response.Header.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: headers (-want +got):\n%s", what, diff)
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; " +
			"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
	}
	requests := []struct {
		method, target string
		status         int
	}{
		{http.MethodGet, "/", http.StatusOK},
		{http.MethodGet, "/reset-password?token=secret", http.StatusOK},
		{http.MethodHead, "/account", http.StatusOK},
		{http.MethodGet, assetPaths(t)[0], http.StatusOK},
		{http.MethodGet, "/nothing", http.StatusNotFound},
		{http.MethodPost, "/sign-in", http.StatusMethodNotAllowed},
	}
	for _, r := range requests {
		response, _ := ask(t, h, r.method, r.target)
		if response.StatusCode != r.status {
			t.Errorf("%s %s: got status %d, want %d", r.method, r.target, response.StatusCode, r.status)
		}
		checkHeader(t, r.method+" "+r.target, response, want)
	}
}

func TestAssetsAreServedForEver(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	// A name without a hash would be stale for ever after the next release.
	hashed := regexp.MustCompile(`^/assets/[a-z-]+-[A-Za-z0-9_-]{8}(\.[a-z]+)$`)
	for _, name := range assetPaths(t) {
		match := hashed.FindStringSubmatch(name)
		if match == nil {
			t.Errorf("%s: the name has no hash", name)
			continue
		}
		response, body := ask(t, h, http.MethodGet, name)
		if response.StatusCode != http.StatusOK || body == "" {
			t.Errorf("%s: got status %d and %d bytes", name, response.StatusCode, len(body))
		}
		checkHeader(t, name, response, map[string]string{
			"Content-Type":   types[match[1]],
			"Cache-Control":  "public, max-age=31536000, immutable",
			"Content-Length": strconv.Itoa(len(body)),
		})
	}
}

func TestEntityTagSavesTheBody(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	for _, target := range append(assetPaths(t), "/sign-in") {
		first, _ := ask(t, h, http.MethodGet, target)
		tag := first.Header.Get("ETag")
		if !regexp.MustCompile(`^"[A-Za-z0-9_-]{22}"$`).MatchString(tag) {
			t.Errorf("%s: the entity tag is %s", target, tag)
		}
		again, body := ask(t, h, http.MethodGet, target, "If-None-Match", tag)
		if again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s: asked again, got status %d and %d bytes", target, again.StatusCode, len(body))
		}
		checkHeader(t, target, again, map[string]string{"ETag": tag, "Cache-Control": first.Header.Get("Cache-Control")})
		stale, body := ask(t, h, http.MethodGet, target, "If-None-Match", `"of-another-release"`)
		if stale.StatusCode != http.StatusOK || body == "" {
			t.Errorf("%s: asked with another tag, got status %d and %d bytes", target, stale.StatusCode, len(body))
		}
	}
}

func TestEntityTagOfTheShellFollowsTheSettings(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, settings := range []Settings{{}, {AppName: "Other"}, {Features: Features{SignUp: true}}, {DevMail: true}} {
		response, _ := ask(t, Handler(settings), http.MethodGet, "/")
		if tag := response.Header.Get("ETag"); seen[tag] {
			t.Errorf("%+v has the entity tag of other settings", settings)
		} else {
			seen[tag] = true
		}
	}
	one, _ := ask(t, Handler(Settings{}), http.MethodGet, "/")
	other, _ := ask(t, Handler(Settings{AppName: "Ostiary", BasePath: "/api/auth", MinPasswordLength: 8, MaxPasswordLength: 128}), http.MethodGet, "/")
	if one.Header.Get("ETag") != other.Header.Get("ETag") {
		t.Error("two nodes with the same settings answer with different entity tags")
	}
}

func TestOnlyWhatIsListedIsFound(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	asset := assetPaths(t)[0]
	for _, target := range []string{
		"", "*", "//", "/.", "/sign-in/", "/Sign-In", "/sign-in\x00", "/account/..", "/account/sessions", "/index.html", "/dist/index.html",
		"/dist" + asset, "/assets", "/assets/", "/assets/index.html", "/assets/../index.html", "/assets/../web.go", "/assets/..\\web.go",
		asset + "/", asset + ".map", "/" + asset, strings.ToUpper(asset), "/licences.md", "/favicon.ico", "/robots.txt", "/.well-known/change-password",
	} {
		response, body := ask(t, h, http.MethodGet, target)
		if response.StatusCode != http.StatusNotFound || body != "not found\n" {
			t.Errorf("%q: got status %d with %.40q", target, response.StatusCode, body)
		}
		checkHeader(t, target, response, map[string]string{"Content-Type": "text/plain; charset=utf-8", "ETag": "", "Cache-Control": "", "Location": ""})
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	for _, target := range []string{"/", "/sign-in", assetPaths(t)[0]} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect, "get", "BREW"} {
			response, _ := ask(t, h, method, target)
			if response.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: got status %d", method, target, response.StatusCode)
			}
			checkHeader(t, method+" "+target, response, map[string]string{"Allow": "GET, HEAD", "ETag": "", "Cache-Control": ""})
		}
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	for _, target := range append(assetPaths(t), "/", "/account") {
		get, _ := ask(t, h, http.MethodGet, target)
		head, body := ask(t, h, http.MethodHead, target)
		if head.StatusCode != get.StatusCode || body != "" {
			t.Errorf("%s: got status %d and %d bytes", target, head.StatusCode, len(body))
		}
		if diff := cmp.Diff(get.Header, head.Header); diff != "" {
			t.Errorf("%s: headers (-GET +HEAD):\n%s", target, diff)
		}
	}
}

// TestShellKeepsToItsPolicy looks for what the policy would make a browser
// refuse: files that are not embedded, scripts and styles in the document.
func TestShellKeepsToItsPolicy(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	_, shell := ask(t, h, http.MethodGet, "/")
	addresses := regexp.MustCompile(`\s(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(shell, -1)
	if len(addresses) < 3 {
		t.Errorf("the shell refers to %d files; want a script, a style sheet and an icon at least", len(addresses))
	}
	for _, address := range addresses {
		response, _ := ask(t, h, http.MethodGet, address[1])
		if !strings.HasPrefix(address[1], "/assets/") || response.StatusCode != http.StatusOK {
			t.Errorf("the shell refers to %s, which is answered %d", address[1], response.StatusCode)
		}
	}
	for what, pattern := range map[string]string{
		"an inline script":       `<script[^>]*>[^<]`,
		"a script without a src": `<script(?:\s+(?:type|crossorigin)(?:="[^"]*")?)*>`,
		"an inline style":        `<style|\sstyle=`,
		"an event handler":       `\son[a-z]+=`,
		"a base address":         `<base`,
		"an address elsewhere":   `https?:|"//`,
	} {
		if found := regexp.MustCompile(`(?i)` + pattern).FindString(shell); found != "" {
			t.Errorf("the shell has %s: %s", what, found)
		}
	}
}

// TestAssetsReferToEmbeddedFiles finds an asset that only another asset names,
// and a source map that was not meant to be published.
func TestAssetsReferToEmbeddedFiles(t *testing.T) {
	t.Parallel()
	h := Handler(Settings{})
	address := regexp.MustCompile(`/assets/[\w.-]+`)
	for _, name := range assetPaths(t) {
		_, content := ask(t, h, http.MethodGet, name)
		if strings.Contains(content, "sourceMappingURL") {
			t.Errorf("%s names a source map", name)
		}
		for _, found := range address.FindAllString(content, -1) {
			if response, _ := ask(t, h, http.MethodGet, found); response.StatusCode != http.StatusOK {
				t.Errorf("%s refers to %s, which is answered %d", name, found, response.StatusCode)
			}
		}
	}
}

// settingsIn reads the settings out of a shell as a browser does.
func settingsIn(t *testing.T, shell string) pageSettings {
	t.Helper()
	match := regexp.MustCompile(`<div id="app" data-settings="([^"]*)"></div>`).FindStringSubmatch(shell)
	if match == nil {
		t.Fatalf("no settings in the shell:\n%s", shell)
	}
	var settings pageSettings
	if err := json.Unmarshal([]byte(html.UnescapeString(match[1])), &settings); err != nil {
		t.Fatalf("read settings %s: %v", match[1], err)
	}
	return settings
}

func TestShellCarriesTheSettings(t *testing.T) {
	t.Parallel()
	all := Features{SignUp: true, ChangeEmail: true, DeleteUser: true, VerificationMail: true, ResetPassword: true}
	tests := map[string]struct {
		settings Settings
		want     pageSettings
	}{
		"defaults":  {Settings{}, pageSettings{AppName: "Ostiary", BasePath: "/api/auth", MinPasswordLength: 8, MaxPasswordLength: 128}},
		"negatives": {Settings{MinPasswordLength: -1, MaxPasswordLength: -1}, pageSettings{AppName: "Ostiary", BasePath: "/api/auth", MinPasswordLength: 8, MaxPasswordLength: 128}},
		"everything": {
			Settings{AppName: "Acme", BasePath: "/auth", MinPasswordLength: 12, MaxPasswordLength: 64, DevMail: true, Features: all},
			pageSettings{AppName: "Acme", BasePath: "/auth", MinPasswordLength: 12, MaxPasswordLength: 64, DevMail: true, Features: all},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, shell := ask(t, Handler(test.settings), http.MethodGet, "/")
			if diff := cmp.Diff(test.want, settingsIn(t, shell)); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			if title := "<title>" + test.want.AppName + "</title>"; !strings.Contains(shell, title) {
				t.Errorf("the shell lacks %s", title)
			}
		})
	}
}

// FuzzShellEscapesTheSettings tries to get markup into the shell by an app name
// or a base path.
func FuzzShellEscapesTheSettings(f *testing.F) {
	for _, text := range []string{
		"Acme & Söhne <Ltd>",
		`</title><script>alert(1)</script>`,
		`"><img src=x onerror=alert(1)>`,
		`' onfocus='alert(1)`,
		`{{.Settings}} {{template "x"}} ${1}`,
		`</noscript><base href=//evil.example>`,
		`<!-- --><![CDATA[ ]]>`,
		"&quot;&#34;&lt;",
		"line\r\nfeed\u2028\u2029",
		"nothing\x00\xff\xfe here",
		"javascript:alert(1)",
		"\ufeff\u202e",
	} {
		f.Add(text, "/api/auth")
		f.Add("Ostiary", text)
	}
	plain := string(newShell(Settings{AppName: "Ostiary", BasePath: "/"}.withDefaults()).content)
	f.Fuzz(func(t *testing.T, appName, basePath string) {
		settings := Settings{AppName: appName, BasePath: basePath}.withDefaults()
		shell := string(newShell(settings).content)
		// What delimits markup is there as often as with harmless settings: nothing got out of its place.
		for _, delimiter := range []string{"<", ">", `"`, "'", "\x00"} {
			if got, want := strings.Count(shell, delimiter), strings.Count(plain, delimiter); got != want {
				t.Errorf("the shell has %d times %q, want %d:\n%s", got, delimiter, want, shell)
			}
		}
		if !utf8.ValidString(appName) || !utf8.ValidString(basePath) {
			return // JSON cannot carry it: the page shows replacement characters
		}
		want := pageSettings{AppName: settings.AppName, BasePath: settings.BasePath, MinPasswordLength: 8, MaxPasswordLength: 128}
		if diff := cmp.Diff(want, settingsIn(t, shell)); diff != "" {
			t.Errorf("settings (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkAccountPage(b *testing.B) {
	h := Handler(Settings{})
	request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/account", http.NoBody)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), request)
	}
}
