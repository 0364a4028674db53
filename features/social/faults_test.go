package social_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/schema"
)

// wire is a provider on a real connection, for answers that are broken below JSON.
type wire struct {
	*httptest.Server
	written atomic.Int64 // bytes of the answers that are scripted

	mu     sync.Mutex
	script map[string]func(http.ResponseWriter) // by path
	asked  []string
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{script: map[string]func(http.ResponseWriter){}}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked = append(w.asked, r.URL.Path)
	script := w.script[r.URL.Path]
	w.mu.Unlock()
	switch {
	case script != nil:
		script(&counting{rw, &w.written})
	case r.URL.Path == "/token":
		_, _ = io.WriteString(rw, `{"access_token":"a","token_type":"bearer","expires_in":3600}`)
	case r.URL.Path == "/user":
		_, _ = io.WriteString(rw, `{"sub":"ann-1","name":"Ann","email":"ann@example.com","email_verified":true}`)
	default:
		http.NotFound(rw, r)
	}
}

func (w *wire) answer(path string, script func(http.ResponseWriter)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.script, w.asked = map[string]func(http.ResponseWriter){path: script}, nil
	w.written.Store(0)
}

func (w *wire) requests(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, p := range w.asked {
		if p == path {
			n++
		}
	}
	return n
}

// counting counts what is written.
type counting struct {
	http.ResponseWriter
	written *atomic.Int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.written.Add(int64(n))
	return n, err
}

func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// raw answers with the bytes of a connection, and ends it.
func raw(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// says answers with a status, a media type and a text.
func says(status int, mediaType, text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func leads(status int, to string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

// endless answers with more than anybody wants, until the client has enough.
func endless(length int64, begin, fill string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if length > 0 {
			w.Header().Set("Content-Length", fmt.Sprint(length))
		}
		_, err := io.WriteString(w, begin)
		chunk := strings.Repeat(fill, 32<<10/len(fill))
		for sent := int64(len(begin)); err == nil && (length == 0 || sent < length); sent += int64(len(chunk)) {
			_, err = io.WriteString(w, chunk)
		}
	}
}

func bomb(w http.ResponseWriter) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, err := io.WriteString(z, `{"access_token":"`)
	zeros := strings.Repeat("0", 1<<20)
	for i := 0; err == nil && i < 200; i++ {
		_, err = io.WriteString(z, zeros)
	}
	_ = z.Close()
}

const jsonType = "application/json"

// faults are answers in which nothing can be found, whatever was asked for.
var faults = map[string]func(http.ResponseWriter){
	"500":                          says(500, jsonType, `{"error":"server_error"}`),
	"500 with a good body":         says(500, jsonType, `{"access_token":"a","sub":"s","email":"s@example.com"}`),
	"503 in HTML":                  says(503, "text/html", "<h1>Back soon</h1>"),
	"404":                          says(404, "text/plain", "not found"),
	"429":                          says(429, jsonType, `{}`),
	"204":                          func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
	"a redirect here":              leads(302, "/elsewhere"),
	"a redirect that keeps POST":   leads(307, "/elsewhere"),
	"a redirect to the metadata":   leads(302, "http://169.254.169.254/latest/meta-data"),
	"a redirect without end":       leads(302, "/user"),
	"HTML":                         says(200, "text/html", "<!doctype html><title>Sign in</title>"),
	"HTML that claims to be JSON":  says(200, jsonType, "<!doctype html>"),
	"nothing":                      says(200, jsonType, ""),
	"null":                         says(200, jsonType, "null"),
	"a list":                       says(200, jsonType, `[{"access_token":"a","sub":"s"}]`),
	"a text":                       says(200, jsonType, `"a"`),
	"a number":                     says(200, jsonType, `1e999`),
	"an empty object":              says(200, jsonType, `{}`),
	"null members":                 says(200, jsonType, `{"access_token":null,"id_token":null,"sub":null,"email":null}`),
	"lists for members":            says(200, jsonType, `{"access_token":["a"],"id_token":["a"],"sub":["s"],"email":["e@example.com"]}`),
	"objects for members":          says(200, jsonType, `{"access_token":{"a":1},"sub":{"s":1},"email":{"e":1}}`),
	"duplicate members, null last": says(200, jsonType, `{"access_token":"a","sub":"s","access_token":null,"sub":null}`),
	"two objects":                  says(200, jsonType, `{"access_token":"a","sub":"s"}{"access_token":"b"}`),
	"half an object":               says(200, jsonType, `{"access_token":"a","sub":"s","email":"s@exam`),
	"UTF-16":                       says(200, jsonType+"; charset=utf-16", "\xff\xfe{\x00}\x00"),
	"a byte order mark":            says(200, jsonType, "\xef\xbb\xbf{\"access_token\":\"a\",\"sub\":\"s\"}"),
	"deep":                         says(200, jsonType, strings.Repeat(`{"a":`, 100000)),
	"noise":                        says(200, jsonType, strings.Repeat("\x00\xff\x80", 5000)),
	"endless":                      endless(0, `{"access_token":"`, "a"),
	"endless white space":          endless(0, "", " \n"),
	"100 MB":                       endless(100<<20, `{"access_token":"a","junk":"`, "j"),
	"a bomb":                       bomb,
	"broken gzip":                  raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
	"less than was promised":       raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"access_token\":\"a\",\"sub\":\"s\"}"),
	"a chunk that is cut off":      raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"access_token\""),
	"a head that is cut off":       raw("HTTP/1.1 200 OK\r\nContent-Ty"),
	"a head without end":           raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10) + "\r\n\r\n{}"),
	"no HTTP":                      raw("SSH-2.0-OpenSSH_9.6\r\n"),
	"no answer":                    raw(""),
}

func TestRR_50_A_broken_answer_of_a_provider_is_told_on_the_error_page(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	s := newSite(t, func(c *core.Config, o *social.Options) {
		c.HTTPClient, c.PrivateNetworks = nil, []string{"127.0.0.0/8"}
		o.Providers = []social.Provider{social.Definition{
			ID: "wire", AuthorizationEndpoint: "https://wire.test/authorize", TokenEndpoint: w.URL + "/token",
			Fetch: social.FetchFrom(w.URL + "/user"), Profile: readProfile,
		}.New(social.Client{ID: "wire-client", Secret: "wire-secret"})}
	})
	come := func() (*browser, answer) {
		b := s.browser()
		return b, b.via("wire", ann())
	}
	for path, code := range map[string]string{"/token": "invalid_code", "/user": "unable_to_get_user_info"} {
		for name, script := range faults {
			w.answer(path, script)
			b, a := come()
			if a.status != http.StatusFound || a.location != "/oops?error="+code || b.who() != "" {
				t.Errorf("%s: %s: %d %q, want %s", path, name, a.status, a.location, code)
			}
			if n := w.requests("/elsewhere"); n != 0 {
				t.Errorf("%s: %s: followed %d redirects", path, name, n)
			}
			if n := w.requests("/token"); n != 1 {
				t.Errorf("%s: %s: the code was sent %d times", path, name, n)
			}
			if n := w.written.Load(); n > 24<<20 { // what is on the way, besides the mebibyte that is read
				t.Errorf("%s: %s: took %d bytes", path, name, n)
			}
		}
	}
	if n, err := s.DB.Count(t.Context(), s.DB.Table(schema.UserKey)); err != nil || n != 0 {
		t.Errorf("%d users, %v", n, err)
	}
}

func TestRR_50_Odd_answers_that_tell_enough_are_taken(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	s := newSite(t, func(c *core.Config, o *social.Options) {
		c.HTTPClient, c.PrivateNetworks = nil, []string{"127.0.0.0/8"}
		o.Providers = []social.Provider{social.Definition{
			ID: "wire", AuthorizationEndpoint: "https://wire.test/authorize", TokenEndpoint: w.URL + "/token",
			Fetch: social.FetchFrom(w.URL + "/user"), Profile: readProfile,
		}.New(social.Client{ID: "wire-client", Secret: "wire-secret"})}
	})
	const in = "/in"
	for name, test := range map[string]struct{ path, text, want string }{
		"expires_in is a word":           {"/token", `{"access_token":"a","expires_in":"abc"}`, in},
		"expires_in is negative":         {"/token", `{"access_token":"a","expires_in":-1}`, in},
		"expires_in is 1e18":             {"/token", `{"access_token":"a","expires_in":1e18}`, in},
		"expires_in is null":             {"/token", `{"access_token":"a","expires_in":null}`, in},
		"expires_in is a list":           {"/token", `{"access_token":"a","expires_in":[3600],"refresh_token_expires_in":{}}`, in},
		"expires_in is no number at all": {"/token", `{"access_token":"a","expires_in":1e999}`, "/oops?error=invalid_code"},
		"the last of two counts":         {"/user", `{"sub":"other","sub":"ann-1","name":"Ann","email":"ann@example.com","email_verified":true}`, in},
		"a name that is not UTF-8":       {"/user", "{\"sub\":\"ann-1\",\"name\":\"Ren\xe9\",\"email\":\"ann@example.com\",\"email_verified\":true}", in},
		"null for a name":                {"/user", `{"sub":"ann-1","name":null,"picture":null,"email":"ann@example.com","email_verified":true}`, in},
		"a subject that is not UTF-8":    {"/user", "{\"sub\":\"ann\xe9\",\"name\":\"Ann\",\"email\":\"ann@example.com\",\"email_verified\":true}", "/oops?error=unable_to_get_user_info"},
		"half of a surrogate pair":       {"/user", `{"sub":"ann\ud800","name":"Ann","email":"ann@example.com","email_verified":true}`, "/oops?error=unable_to_get_user_info"},
		"an address that is not UTF-8":   {"/user", "{\"sub\":\"bob\",\"name\":\"Bob\",\"email\":\"b\xe9b@example.com\",\"email_verified\":true}", "/oops?error=email_not_found"},
	} {
		w.answer(test.path, says(200, "application/json; charset=iso-8859-1", test.text))
		b := s.browser()
		if a := b.via("wire", ann()); a.status != http.StatusFound || a.location != test.want {
			t.Errorf("%s: %d %q, want %q", name, a.status, a.location, test.want)
		}
	}
	if n, err := s.DB.Count(t.Context(), s.DB.Table(schema.UserKey)); err != nil || n != 1 {
		t.Errorf("%d users, %v", n, err)
	}
}

// everywhere answers every request with the same text.
type everywhere struct{ text string }

func (e *everywhere) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {jsonType}}, Request: r, Body: io.NopCloser(strings.NewReader(e.text))}, nil
}

func TestRR_50_No_provider_lets_anybody_in_by_a_broken_answer(t *testing.T) {
	t.Parallel()
	net := &everywhere{}
	seen, began := map[string]bool{}, map[string]bool{}
	for name, test := range providerCases() {
		id := test.provider.ID()
		if seen[id] {
			continue
		}
		seen[id] = true
		s := newSite(t, func(c *core.Config, o *social.Options) {
			c.HTTPClient = &http.Client{Transport: net}
			o.Providers = []social.Provider{test.provider}
		})
		for _, text := range []string{
			"", "null", "[]", "{}", `"a"`, "0", "<html>", `{"error":"x"}`, strings.Repeat("[", 20000),
			`{"access_token":"a","id_token":"a.b.c","keys":null,"data":null,"user":null,"sub":null,"id":null,"email":null}`,
			`{"access_token":"a","data":[],"user":[],"response":[],"viewer":[],"sub":[],"id":[],"email":[],"emails":{},"bot":7,"kakao_account":7}`,
			`{"access_token":"a","id_token":"` + strings.Repeat("a", 40000) + `","id":{},"data":{"user":7,"viewer":[],"me":null},"account":null}`,
		} {
			net.text = text
			b := s.browser()
			in := b.post("/sign-in/social", object{"provider": id, "callbackURL": "/in", "errorCallbackURL": "/oops"})
			address, _ := in.body["url"].(string)
			if address == "" {
				if in.status >= 500 {
					t.Errorf("%s: %d %v", name, in.status, in.body)
				}
				continue // it cannot begin, such as without its key
			}
			began[id] = true
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			a := b.get(base + "/callback/" + id + "?code=c&state=" + url.QueryEscape(u.Query().Get("state")))
			if a.status != http.StatusFound || !strings.HasPrefix(a.location, "/oops?error=") || strings.Contains(a.location, "server_error") || b.who() != "" {
				t.Errorf("%s: %.60s: %d %q", name, text, a.status, a.location)
			}
		}
		if n, err := s.DB.Count(t.Context(), s.DB.Table(schema.UserKey)); err != nil || n != 0 {
			t.Errorf("%s: %d users, %v", name, n, err)
		}
	}
	if len(seen) != 36 || len(began) != 36 {
		t.Errorf("%d providers, of which %d began", len(seen), len(began))
	}
}

// silent is an internet in which some addresses do not answer for a while.
type silent struct {
	*internet
	mute  string
	after time.Duration // 0: never
}

func (n *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Host+r.URL.Path, n.mute) {
		var answer <-chan time.Time
		if n.after > 0 {
			answer = time.After(n.after)
		}
		select {
		case <-answer:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return n.internet.RoundTrip(r)
}

func TestRR_50_A_silent_provider_is_left_after_ten_seconds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		provider, mute string
		after          time.Duration
		want           string
	}{
		{"plain", "plain.test/token", 0, "/oops?error=invalid_code"},
		{"plain", "plain.test/user", 0, "/oops?error=unable_to_get_user_info"},
		{"plain", "plain.test/", 6 * time.Second, "/oops?error=unable_to_get_user_info"}, // each in time, but not all
		{"plain", "plain.test/", 4 * time.Second, "/in"},
	} {
		t.Run(test.mute+" "+test.after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				net := &silent{mute: test.mute, after: test.after}
				s := newSite(t, func(c *core.Config, _ *social.Options) { c.HTTPClient = &http.Client{Transport: net} })
				net.internet = s.net
				b := s.browser()
				address := s.net.approve(b.start(test.provider, nil), ann())
				began := time.Now()
				wantLocation(t, b.get(address), test.want)
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %s", took)
				}
				if n, err := s.DB.Count(context.WithoutCancel(t.Context()), s.DB.Table(schema.UserKey)); err != nil || (n == 1) != (test.want == "/in") {
					t.Errorf("%d users, %v", n, err)
				}
			})
		})
	}
}

// withToken signs in with an ID token that the client has got by itself.
func (s *site) withToken() answer {
	s.t.Helper()
	token := object{"token": signToken(s.t, s.net.claims(ann()))}
	return s.browser().post("/sign-in/social", object{"provider": "acme", "idToken": token})
}

func TestRR_51_Keys_that_are_known_go_on_working(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	keys := func(status int, text string) {
		s.net.mu.Lock()
		defer s.net.mu.Unlock()
		delete(s.net.fail, "GET acme.test/keys")
		delete(s.net.answers, "GET acme.test/keys")
		if status != 0 {
			s.net.fail["GET acme.test/keys"] = status
		}
		if text != "" {
			s.net.answers["GET acme.test/keys"] = text
		}
	}
	want := func(when string, status, requests int) {
		t.Helper()
		before := s.net.requests("GET acme.test/keys")
		a := s.withToken()
		if asked := s.net.requests("GET acme.test/keys") - before; a.status != status || asked != requests {
			t.Errorf("%s: %d %v after %d requests, want %d after %d", when, a.status, a.body, asked, status, requests)
		}
	}
	keys(503, "")
	want("never reached", 401, 1)
	want("never reached, asked just now", 401, 0)
	s.clock.advance(time.Minute)
	keys(0, "")
	want("reached", 200, 1)
	keys(503, "")
	s.clock.advance(time.Hour)
	want("unreachable, but known", 200, 1)
	s.clock.advance(24 * time.Hour)
	want("unreachable for more than a day", 401, 1)
	s.clock.advance(time.Minute)
	for _, text := range []string{`{"keys":[]}`, `{"keys":null}`, `{"keys":[{"kty":"oct","kid":"k1","k":"AAAA"}]}`, "<html>", `{"keys":[` + strings.Repeat(`{},`, 400000) + `{}]}`} {
		keys(0, text)
		want("no key of that id in "+text[:6], 401, 1)
		want("asked just now", 401, 0)
		s.clock.advance(time.Minute)
	}
	keys(0, "")
	want("the key is back", 200, 1)
}

func TestRR_51_Keys_that_do_not_come_are_not_waited_for(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := &silent{mute: "acme.test/keys"}
		s := newSite(t, func(c *core.Config, _ *social.Options) { c.HTTPClient = &http.Client{Transport: net} })
		net.internet = s.net
		began := time.Now()
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if a := s.withToken(); a.status != http.StatusUnauthorized {
					t.Errorf("answer %d %v", a.status, a.body)
				}
			})
		}
		group.Wait()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestRR_52_Many_users_of_a_provider_that_hangs_hold_up_nobody_else(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := &silent{mute: "plain.test/"}
		s := newSite(t, func(c *core.Config, _ *social.Options) { c.HTTPClient = &http.Client{Transport: net} })
		net.internet = s.net
		type arrival struct {
			b       *browser
			address string
		}
		var arrivals []arrival
		for range 500 {
			b := s.browser()
			arrivals = append(arrivals, arrival{b, s.net.approve(b.start("plain", nil), ann())})
		}
		var group sync.WaitGroup
		var refusedSoon atomic.Int64
		for _, a := range arrivals {
			group.Go(func() {
				began := time.Now()
				wantLocation(t, a.b.get(a.address), "/oops?error=invalid_code")
				switch took := time.Since(began); {
				case took <= 2*time.Second:
					refusedSoon.Add(1)
				case took > 10*time.Second:
					t.Errorf("took %s", took)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		wantLocation(t, s.browser().via("acme", ann()), "/in") // another provider
		for range 100 {
			if got := s.browser().get(base + "/get-session"); got.status != http.StatusOK {
				t.Errorf("a session: %d", got.status)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("others had to wait for %s", took)
		}
		group.Wait()
		if n := refusedSoon.Load(); n != 500-64 {
			t.Errorf("%d were refused without waiting for the provider", n)
		}
		text, err := json.Marshal(s.logs.String())
		if err != nil || strings.Contains(string(text), "wire-secret") {
			t.Error("the log has a secret")
		}
	})
}
