package plugintest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/api"
)

// Browser keeps cookies between requests. It belongs to one goroutine.
type Browser struct {
	// Cookies are those it holds, by name, as they are on the wire.
	Cookies map[string]string
	// Header is sent with every request.
	Header http.Header

	t      testing.TB
	server *Server
}

// Browser returns a browser without cookies.
func (s *Server) Browser(t testing.TB) *Browser {
	return &Browser{Cookies: map[string]string{}, Header: http.Header{"Origin": {Origin}}, t: t, server: s}
}

// Clone returns another browser that holds the same cookies.
func (b *Browser) Clone() *Browser {
	return &Browser{Cookies: maps.Clone(b.Cookies), Header: b.Header.Clone(), t: b.t, server: b.server}
}

// Get requests an endpoint below the base path, or an absolute URL.
func (b *Browser) Get(address string) *Response { return b.do(http.MethodGet, address, nil) }

// Post sends JSON to an endpoint below the base path.
func (b *Browser) Post(path string, body any) *Response {
	b.t.Helper()
	return b.do(http.MethodPost, path, body)
}

// PostForm sends a form to an endpoint below the base path, as a page of another
// site makes a browser send it: without cookies.
func (b *Browser) PostForm(path string, form url.Values) *Response {
	b.t.Helper()
	stranger := Browser{Cookies: map[string]string{}, Header: http.Header{}, t: b.t, server: b.server}
	return stranger.send(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

func (b *Browser) do(method, address string, body any) *Response {
	b.t.Helper()
	if body == nil {
		return b.send(method, address, "", "")
	}
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(method, address, "application/json", string(text))
}

func (b *Browser) send(method, address, mediaType, body string) *Response {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = Origin + "/api/auth" + address
	}
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	maps.Copy(r.Header, b.Header.Clone())
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	for name, value := range b.Cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value, Quoted: false})
	}
	w := httptest.NewRecorder()
	b.server.Auth.ServeHTTP(w, r)
	result := w.Result()
	for _, c := range result.Cookies() {
		if c.MaxAge < 0 {
			delete(b.Cookies, c.Name)
		} else {
			b.Cookies[c.Name] = c.Value
		}
	}
	return &Response{Status: result.StatusCode, Header: result.Header, Text: w.Body.String(), Cookies: result.Cookies(), t: b.t}
}

// SignUp signs a new user up, whose name is the part before the at sign, and
// returns the answer.
func (b *Browser) SignUp(email string) api.SignUpEmailOutput {
	b.t.Helper()
	name, _, _ := strings.Cut(email, "@")
	r := b.Post("/sign-up/email", map[string]any{"email": email, "password": Password, "name": name})
	var out api.SignUpEmailOutput
	r.Decode(&out)
	if r.Status != http.StatusOK || out.Token == nil {
		b.t.Fatalf("sign up %s: %d %s", email, r.Status, r.Text)
	}
	return out
}

// Email returns the address of the user who is signed in; "" for none.
func (b *Browser) Email() string {
	b.t.Helper()
	r := b.Get("/get-session")
	if r.Status != http.StatusOK {
		b.t.Fatalf("get session: %d %s", r.Status, r.Text)
	}
	var out struct {
		User api.User `json:"user"`
	}
	if r.Text == "null" {
		return ""
	}
	r.Decode(&out)
	return out.User.Email
}

// Response is what the server answered.
type Response struct {
	Status  int
	Header  http.Header
	Text    string
	Cookies []*http.Cookie

	t testing.TB
}

// Decode reads the body as JSON.
func (r *Response) Decode(into any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.Text), into); err != nil {
		r.t.Fatalf("%d %q: %v", r.Status, r.Text, err)
	}
}

// Code returns the error code of the body; "" for none.
func (r *Response) Code() string {
	var body struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(r.Text), &body) // no JSON means no code
	return body.Code
}

// Location returns where the response redirects to.
func (r *Response) Location() *url.URL {
	r.t.Helper()
	u, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.Header.Get("Location") == "" {
		r.t.Fatalf("%d %q redirects to %q: %v", r.Status, r.Text, r.Header.Get("Location"), err)
	}
	return u
}

// Cookie returns the cookie that the response sets last under a name, or nil.
func (r *Response) Cookie(name string) *http.Cookie {
	var found *http.Cookie
	for _, c := range r.Cookies {
		if c.Name == name {
			found = c
		}
	}
	return found
}
