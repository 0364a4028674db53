package ostiary_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

// stored returns everything that is stored, for comparison.
func (s *server) stored() string {
	var b strings.Builder
	for _, model := range []string{schema.UserKey, schema.SessionKey, schema.AccountKey, schema.VerificationKey} {
		for _, row := range s.rows(model) {
			fmt.Fprintln(&b, model, row.Map())
		}
	}
	return b.String()
}

// valid returns a body that a route accepts, as far as its shape tells.
func valid(shape *route.Shape) fields {
	body := fields{}
	for _, f := range shape.Fields {
		if f.Source != route.Body {
			continue
		}
		switch {
		case slices.Contains(f.Rules, "email") || f.Name == "email":
			body[f.Name] = "ada@example.com"
		case strings.Contains(strings.ToLower(f.Name), "password"):
			body[f.Name] = goodPassword
		case f.Name == "callbackURL" || f.Name == "redirectTo":
			body[f.Name] = "/next"
		case f.Type.Kind().String() == "bool":
			body[f.Name] = true
		case f.Type.Kind().String() == "string":
			body[f.Name] = "something"
		}
	}
	return body
}

// httpRoutes calls a function for every route and method that is served.
func httpRoutes(t *testing.T, fn func(t *testing.T, method string, r route.Described)) {
	t.Helper()
	for _, r := range newServer(t).Kernel().Endpoints() {
		spec := r.Describe()
		if spec.ServerOnly() {
			continue
		}
		for _, method := range spec.Methods {
			t.Run(method+" "+spec.Path, func(t *testing.T) {
				t.Parallel()
				fn(t, method, r)
			})
		}
	}
}

// prober sends bad input to a server. It needs a new user only when an input was
// not that bad.
type prober struct {
	*server
	t      *testing.T
	user   *client
	before string
	users  int
}

func newProber(t *testing.T, settings ...setting) *prober {
	t.Helper()
	return &prober{server: newServer(t, settings...), t: t}
}

// client returns a signed-in user.
func (p *prober) client() *client {
	if p.user == nil {
		p.forget()
		p.users++
		p.user = p.signUp(fmt.Sprintf("user%d@example.com", p.users))
		p.before = p.stored()
	}
	return p.user.copyOf()
}

// forget empties the database.
func (p *prober) forget() {
	for _, model := range []string{schema.SessionKey, schema.AccountKey, schema.VerificationKey, schema.UserKey} {
		if _, err := p.Kernel().DB.DeleteMany(context.Background(), p.Kernel().DB.Table(model)); err != nil {
			p.t.Fatal(err)
		}
	}
}

// check checks that an answer is no failure of the server, and that what was
// refused has the documented shape and left no trace.
func (p *prober) check(what string, r reply) {
	p.t.Helper()
	if r.status >= 500 || r.status < 200 {
		p.t.Errorf("%s: answered %v", what, clip(r.String()))
	}
	if r.status < 400 {
		p.user = nil
		return
	}
	if p.stored() != p.before {
		p.t.Errorf("%s: answered %v, but what is stored has changed", what, clip(r.String()))
		p.user = nil
	}
	if r.body == "" && r.status == http.StatusNotFound {
		return
	}
	var body struct{ Message, Code *string }
	if err := json.Unmarshal([]byte(r.body), &body); err != nil || body.Message == nil || *body.Message == "" || r.header.Get("Content-Type") != "application/json" {
		p.t.Errorf("%s: the error %v has not the documented shape", what, clip(r.String()))
	}
	if len(r.body) > 4000 {
		p.t.Errorf("%s: the error has %d bytes", what, len(r.body))
	}
}

// noFailure checks that the server had nothing to complain of.
func (p *prober) noFailure() {
	p.t.Helper()
	if _, failure, found := strings.Cut(p.logs.String(), "level=ERROR"); found {
		p.t.Errorf("the log shows a failure of the server:%s", clip(failure))
	}
}

func clip(s string) string { return s[:min(len(s), 200)] }

// withEverything turns on what takes input.
func withEverything(s *server, o *ostiary.Options) {
	o.User.Fields = []schema.Field{
		{Name: "nickname", Optional: true},
		{Name: "age", Type: schema.Number, Optional: true},
		{Name: "news", Type: schema.Boolean, Optional: true},
		{Name: "born", Type: schema.Date, Optional: true},
		{Name: "tags", Type: schema.StringArray, Optional: true},
		{Name: "sizes", Type: schema.NumberArray, Optional: true},
		{Name: "about", Type: schema.JSON, Optional: true},
		{Name: "plan", Default: "free", NoInput: true},
	}
	o.Session.Fields = []schema.Field{{Name: "theme", Optional: true}, {Name: "zoom", Type: schema.Number, Optional: true}}
	withDeleteMail(s, o)
	withChangeConfirmation(s, o)
}

// hostileValues are values that some member of an input may be given.
func hostileValues() map[string]string {
	return map[string]string{
		"null": `null`, "number": `5`, "negative": `-1`, "fraction": `1.5`, "big": `9007199254740993`, "exponent": `1e300`, "true": `true`, "false": `false`,
		"list": `[]`, "list of text": `["a","b"]`, "object": `{}`, "nested": `{"a":{"b":[1,{"c":null}]}}`, "empty": `""`, "space": `" "`,
		"NUL": `"a\u0000b"`, "lone surrogate": `"\ud800"`, "invalid UTF-8": "\"\xff\xfe\"",
		"control": `"\u0001\u001b[31m"`, "line break": `"a\r\nSet-Cookie: x=1"`, "bidi": `"\u202e\u2066"`, "quotes": `"'\"` + "`" + `; DROP TABLE user; --"`, "wildcards": `"%_*?"`, "template": `"{{.}}${x}<script>"`,
		"operator": `{"$ne":null}`, "operator in": `{"in":["a"]}`, "proto": `{"__proto__":{"x":1}}`,
	}
}

// hugeValues are values that are only too large.
func hugeValues() map[string]string {
	return map[string]string{"1 MB": `"` + strings.Repeat("x", 1_000_000) + `"`, "long address": `"` + strings.Repeat("x", 100_000) + `@example.com"`}
}

func TestNoValueOfAnyMemberBreaksAnyRoute(t *testing.T) {
	t.Parallel()
	httpRoutes(t, func(t *testing.T, method string, r route.Described) {
		shape, path := r.InputShape(), pathOf(r)
		if method == http.MethodGet || !shape.HasBody {
			return
		}
		store := func(*server, *ostiary.Options) {}
		own := []string{"nickname", "about"}
		for _, f := range shape.Fields {
			if f.Source == route.Body {
				own = append(own, f.Name)
			}
		}
		names := append([]string{"id", "unknown"}, own...)
		if shape.Rest >= 0 { // what it takes is stored
			store = onSQLite
			names = append(names, "email", "name", "image", "age", "news", "born", "tags", "sizes", "plan", "theme", "zoom")
		}
		slices.Sort(names)
		p := newProber(t, withEverything, store)
		for _, name := range slices.Compact(names) {
			values := hostileValues()
			if slices.Contains(own, name) {
				maps.Copy(values, hugeValues())
			}
			for kind, value := range values {
				c := p.client()
				body := valid(shape)
				if path == "/sign-up/email" {
					body["email"] = fmt.Sprintf("new%d@example.com", p.users)
				}
				delete(body, name)
				text, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				members := strings.TrimSuffix(string(text), "}")
				if len(body) > 0 {
					members += ","
				}
				p.check(name+" = "+kind, c.do(c.request(method, path, []byte(members+`"`+name+`":`+value+`}`))))
			}
		}
		p.noFailure()
	})
}

// pathOf returns the path of a route with something for its parameters.
func pathOf(r route.Described) string {
	segments := strings.Split(r.Describe().Path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, ":") {
			segments[i] = "x"
		}
	}
	return strings.Join(segments, "/")
}

func TestNoBodyBreaksAnyRoute(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"nothing": "", "space": " ", "null": "null", "text": `"x"`, "number": "1", "true": "true", "list": "[]", "list of objects": `[{"email":"ada@example.com"}]`, "empty object": "{}",
		"open": "{", "open text": `{"a":"`, "no quotes": "{a:1}", "single quotes": "{'a':1}", "trailing comma": `{"a":1,}`, "two values": "{}{}", "trailing text": "{} x", "comment": "/**/{}",
		"NaN": `{"a":NaN}`, "infinite": `{"age":1e309}`, "minus zero": `{"age":-0}`, "hexadecimal": `{"age":0x10}`, "leading zero": `{"age":01}`, "bad escape": `{"a":"\x"}`, "bad unicode": `{"a":"\u12"}`,
		"raw control": "{\"a\":\"\x01\"}", "invalid UTF-8": "{\"name\":\"\xff\",\"\xfe\":1}", "NUL": "\x00", "byte order mark": "\ufeff{}", "UTF-16": "\xff\xfe{\x00}\x00", "deep": strings.Repeat("[", 100_000), "deep and closed": strings.Repeat(`{"a":`, 5_000) + "1" + strings.Repeat("}", 5_000),
		"long number": `{"age":` + strings.Repeat("9", 10_000) + `}`, "form": "email=ada%40example.com", "XML": "<a/>", "gzip": "\x1f\x8b\x08\x00", "empty names": `{"":1,"":2}`,
		"case of names": `{"Email":"ada@example.com","PASSWORD":"` + goodPassword + `","Name":"x","newpassword":"12345678"}`,
		"proto":         `{"__proto__":{"email":"x"},"constructor":{"prototype":{"a":1}}}`,
		"many members":  `{` + strings.Repeat(`"a":1,`, 10_000) + `"b":1}`,
	}
	httpRoutes(t, func(t *testing.T, method string, r route.Described) {
		p := newProber(t, withEverything)
		send := func(kind, body, media string) {
			c := p.client()
			request := c.request(method, pathOf(r), []byte(body))
			request.Header.Del("Content-Type")
			if media != "" {
				request.Header.Set("Content-Type", media)
			}
			p.check(kind+" as "+clip(media), c.do(request))
		}
		for kind, body := range bodies {
			send(kind, body, "application/json")
		}
		for _, media := range []string{"application/json; charset=utf-8", "APPLICATION/JSON", "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "\xff", ";;", strings.Repeat("a", 5000) + "/x"} {
			for _, kind := range []string{"empty object", "form", "NUL", "nothing"} {
				send(kind, bodies[kind], media)
			}
		}
		p.noFailure()
	})
}

func TestBodiesOverTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	body := []byte(`{"name":"` + strings.Repeat("x", 2<<20) + `"}`)
	httpRoutes(t, func(t *testing.T, method string, r route.Described) {
		if method == http.MethodGet || r.Describe().NoBody {
			return
		}
		p := newProber(t, withEverything)
		c := p.client()
		p.check("2 MiB", c.do(c.request(method, pathOf(r), body)).want(t, 413, "PAYLOAD_TOO_LARGE"))
	})
}

func TestChunkedBodiesOverTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t).overNetwork()
	c := s.client()
	r := c.request(http.MethodPost, "/sign-in/email", nil)
	r.Body, r.ContentLength = io.NopCloser(io.LimitReader(endless{}, 8<<20)), -1
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(r)
	if err != nil {
		return // the server may hang up before all is sent
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("an endless body is answered %d", answer.StatusCode)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	r := httptest.NewRequest(http.MethodPost, siteURL+basePath+"/sign-in/email", io.MultiReader(strings.NewReader(`{"email":`), broken{}))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestTheLastOfDuplicateMembersCountsForEverybody(t *testing.T) {
	t.Parallel()
	var seen []any
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.Hooks = []core.Hook{{Before: func(c *core.Context) error {
			if body, ok := c.Body.(map[string]any); ok {
				seen = append(seen, body["email"], body["callbackURL"])
			}
			return nil
		}}}
	})
	c := s.client()
	c.do(c.request(http.MethodPost, "/sign-up/email", []byte(`{"email":"first@example.com","email":"last@example.com","name":"N","password":"`+goodPassword+`"}`))).ok(t)
	if s.userByEmail("last@example.com") == nil || seen[0] != "last@example.com" {
		t.Errorf("the hook saw %v", seen)
	}
	c.do(c.request(http.MethodPost, "/sign-in/email", []byte(`{"callbackURL":"/ok","callbackURL":"//evil.example","email":"last@example.com","password":"`+goodPassword+`"}`))).want(t, 403, "INVALID_CALLBACK_URL")
	r := c.do(c.request(http.MethodPost, "/sign-in/email", []byte(`{"callbackURL":"//evil.example","callbackURL":"/ok","email":"last@example.com","password":"`+goodPassword+`"}`))).ok(t)
	if r.header.Get("Location") != "/ok" {
		t.Errorf("Location is %q", r.header.Get("Location"))
	}
}

func TestNoQueryBreaksAnyRoute(t *testing.T) {
	t.Parallel()
	queries := []string{
		"%zz", "a;b=c", "token", "token=", "token=%00", "token=%ff%fe", "token=a&token=b", "token[]=a", "token[a]=b", "&&&&", "=", "%3d%26", "callbackURL=%00", "callbackURL=%ff", "callbackURL=a&callbackURL=b",
		"token=" + strings.Repeat("x", 300_000), "callbackURL=/" + strings.Repeat("x", 300_000), strings.Repeat("a=b&", 20_000), "error=%3Cscript%3E&error_description=" + strings.Repeat("%C3%A9", 2000),
		"error=a&error=b&error_description=%ff", "disableCookieCache=%00&disableRefresh=x", "token=" + strings.Repeat(".", 100_000), "token=a.b.c", "token=eyJhbGciOiJub25lIn0.e30.", "token=eyJhbGciOiJIUzI1NiJ9..",
	}
	httpRoutes(t, func(t *testing.T, method string, r route.Described) {
		p := newProber(t, withEverything)
		send := func(path, query string) {
			c := p.client()
			request := c.request(method, "/ok", nil)
			request.URL.Path, request.URL.RawPath, request.URL.RawQuery = unescaped(basePath+path), basePath+path, query
			p.check(clip(query)+" at "+clip(path), c.do(request))
		}
		for _, query := range queries {
			send(pathOf(r), query)
		}
		for _, parameter := range []string{"%00", "%ff", "..;", strings.Repeat("y", 100_000), "%2e%2e", "a%2fb", "%", ":token"} {
			if path := pathOf(r); path != r.Describe().Path {
				send(strings.TrimSuffix(path, "x")+parameter, "callbackURL=/")
			}
		}
		p.noFailure()
	})
}

func TestNoHeaderBreaksAnyRoute(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", 100_000)
	headers := []struct{ name, value string }{
		{"Cookie", huge},
		{"Cookie", strings.Repeat("a=b; ", 5_000)},
		{"Cookie", "%E0%A4%A=%E0%A4%A"},
		{"Cookie", sessionCookie + "=%"},
		{"Cookie", sessionCookie + "=%E0%A4%A"},
		{"Cookie", sessionCookie + "=\""},
		{"Cookie", sessionCookie},
		{"Cookie", "="},
		{"Cookie", ";;;;"},
		{"Cookie", "\xff\xfe=\xff"},
		{"Cookie", "\x00"},
		{"Cookie", sessionCookie + "=" + huge + ".AAAA"},
		{"Cookie", sessionCookie + "=" + strings.Repeat(".", 100_000)},
		{"Cookie", cacheCookie + "=" + huge},
		{"Cookie", cacheCookie + ".0=x; " + cacheCookie + ".99999999999999999999=y; " + cacheCookie + ".-1=z"},
		{"Cookie", strings.Repeat(cacheCookie+".1=x; ", 5000)},
		{"Authorization", "Bearer %E0%A4%A"},
		{"Authorization", "Bearer"},
		{"Authorization", huge},
		{"Authorization", "Basic \xff"},
		{"Authorization", "Bearer " + strings.Repeat(".", 10_000)},
		{"X-Forwarded-For", huge},
		{"X-Forwarded-For", strings.Repeat("1.2.3.4,", 20_000)},
		{"X-Forwarded-For", "\xff"},
		{"X-Forwarded-For", "::1%"},
		{"X-Forwarded-Host", "evil.example\r\nX: y"},
		{"X-Forwarded-Proto", "javascript"},
		{"Forwarded", "for=\"[::1]\";host=evil.example"},
		{"User-Agent", huge},
		{"User-Agent", "\xff\xfe\x00"},
		{"Origin", huge},
		{"Origin", "\xff"},
		{"Referer", huge},
		{"Sec-Fetch-Site", huge},
		{"Accept-Language", huge},
		{"Content-Type", "application/json;" + huge},
		{"Content-Encoding", "gzip"},
		{"Transfer-Encoding", "identity"},
		{"X-HTTP-Method-Override", "DELETE"},
		{"Expect", "x"},
		{"Host", "evil.example"},
		{"Range", "bytes=0-" + huge},
	}
	httpRoutes(t, func(t *testing.T, method string, r route.Described) {
		caches := []core.CacheStrategy{core.CompactCache}
		if strings.HasSuffix(pathOf(r), "-session") {
			caches = []core.CacheStrategy{"", core.CompactCache, core.JWTCache, core.JWECache}
		}
		for _, cache := range caches {
			p := newProber(t, withEverything, func(_ *server, o *ostiary.Options) {
				o.Session.CookieCache = core.CookieCacheOptions{Enabled: cache != "", Strategy: cache}
			})
			for _, h := range headers {
				c := p.client()
				var body []byte
				if method == http.MethodPost {
					body = []byte("{}")
				}
				request := c.request(method, pathOf(r), body)
				if h.name == "Cookie" {
					c.http.Jar = nil
				}
				request.Header[h.name] = []string{h.value}
				p.check(h.name+": "+clip(h.value), c.do(request))
			}
			p.noFailure()
		}
	})
}

func TestHostileHostsAreRefused(t *testing.T) {
	t.Parallel()
	modes := map[string]setting{
		"static":   func(*server, *ostiary.Options) {},
		"inferred": func(_ *server, o *ostiary.Options) { o.BaseURL = core.BaseURL{} },
		"allowed":  func(_ *server, o *ostiary.Options) { o.BaseURL = ostiary.HostURLs("app.example.com", "*.example.net") },
		"fallback": func(_ *server, o *ostiary.Options) {
			o.BaseURL = core.BaseURL{AllowedHosts: []string{"app.example.com"}, Fallback: siteURL}
		},
	}
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, trusted := range []bool{false, true} {
				s := newServer(t, mode, func(_ *server, o *ostiary.Options) { o.Advanced.TrustedProxyHeaders = trusted })
				for _, host := range []string{
					"", "evil.example", "app.example.com:99999", "app.example.com:x", "a b", "a/b", "a?b", "a#b", "a@b", "user:pass@app.example.com", "[::1", "::1", "[::1%25eth0]", "..", ".example.com", "app.example.com.", "\xff", "a\x00b", "javascript:alert(1)",
					strings.Repeat("a", 100_000), "xn--", "%61pp.example.com", "app.example.com,evil.example", "-", "<script>",
				} {
					for _, header := range []string{"Host", "X-Forwarded-Host"} {
						r := httptest.NewRequest(http.MethodPost, siteURL+basePath+"/request-password-reset", strings.NewReader(`{"email":"ada@example.com"}`))
						r.Header.Set("Content-Type", "application/json")
						if header == "Host" {
							r.Host = host
						} else {
							r.Header[header] = []string{host}
							r.Header["X-Forwarded-Proto"] = []string{"https"}
						}
						w := httptest.NewRecorder()
						s.ServeHTTP(w, r)
						if w.Code >= 500 {
							t.Errorf("trusted %v, %s %q: answered %d %s", trusted, header, clip(host), w.Code, w.Body)
						}
					}
				}
				if strings.Contains(s.logs.String(), "level=ERROR") {
					t.Errorf("a hostile host is logged as a failure of the server: %s", clip(s.logs.String()))
				}
			}
		})
	}
}

func TestUnknownRoutesAndMethodsAreNotFound(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "x", "get"} {
		for _, path := range []string{"/", "", "/nothing", "/sign-in/email", "/set-password", "/setPassword", "/reset-password/", "/reset-password/a/b", "/../../etc/passwd"} {
			r := httptest.NewRequest("GET", siteURL+basePath+"/ok", bytes.NewReader([]byte("echo-me")))
			r.Method, r.URL.Path = method, basePath+path
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "echo") {
				t.Errorf("%s %q: answered %d %s", method, path, w.Code, w.Body)
			}
		}
	}
}
