package core

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/route"
)

// Context is one call of an endpoint: its input, who is asking, and the
// response as far as it has been built. It is a context.Context, and it gives
// access to the kernel. It belongs to the goroutine that runs the call.
type Context struct {
	context.Context
	*Kernel

	// Path is the path template of the endpoint, for example "/callback/:id".
	Path string
	// Method is the HTTP method, in in-process calls that of the route.
	Method string
	// Params are the path parameters, not percent-decoded.
	Params map[string]string
	// Query are the query parameters.
	Query url.Values
	// Body is the decoded JSON body, or [route.Absent].
	Body any
	// Header are the request headers. It may be nil in in-process calls.
	Header http.Header
	// Request is the HTTP request; nil in in-process calls that were given none.
	Request *http.Request

	// Session is who is asking, once a gate has found out; else nil.
	Session *Identity
	// NewSession is the session that the endpoint began; else nil.
	NewSession *Identity
	// Returned is the outcome so far, in after hooks: a value or an *[APIError].
	Returned any

	spec        *route.Spec
	site        *site
	response    responseHead
	changes     []Change
	replaced    bool
	replacement any
	resolved    *resolution
	held        *heldSignIn
	created     string   // the id of the user that the call has created
	outdated    int64    // the watermark that the cookie cache was below
	proven      *Account // whose password the call has verified

	kept atomic.Pointer[kept]
}

// responseHead is what is known of a response before its body.
type responseHead struct {
	status int
	header http.Header
	jar    cookie.Jar

	// The values of the first headers are here, so that they need no memory of
	// their own.
	values [4]string
	used   int
}

// set sets a header.
func (r *responseHead) set(name, value string) {
	if r.header == nil {
		r.header = http.Header{}
	}
	if r.used == len(r.values) {
		r.header.Set(name, value)
		return
	}
	values := r.values[r.used : r.used+1 : r.used+1]
	values[0] = value
	r.used++
	r.header[http.CanonicalHeaderKey(name)] = values
}

type contextKey struct{}

// kept is a value that a call keeps.
type kept struct {
	key, value any
	before     *kept
}

// Keep keeps a value for what is run later in the call: Value finds it. Keys are
// chosen as for [context.WithValue]. The embedded Context itself must not be
// replaced, because what was begun with it, such as a query, may still watch it.
func (c *Context) Keep(key, value any) { c.kept.Store(&kept{key, value, c.kept.Load()}) }

// Value returns what was kept under a key, or else what the embedded Context has;
// for the key under which [FromContext] looks, the context itself. The hasher of
// passwords is told the client.
func (c *Context) Value(key any) any {
	switch key {
	case contextKey{}:
		return c
	case password.ClientKey{}:
		return c.ClientIP()
	}
	for k := c.kept.Load(); k != nil; k = k.before {
		if k.key == key {
			return k.value
		}
	}
	return c.Context.Value(key)
}

// FromContext returns the call that a context belongs to, or nil outside of
// calls. Database hooks use it.
func FromContext(ctx context.Context) *Context {
	c, _ := ctx.Value(contextKey{}).(*Context)
	return c
}

// Spec returns the declaration of the route.
func (c *Context) Spec() *route.Spec { return c.spec }

// BaseURL returns the address of the server with its base path, for example
// "https://app.example.com/api/auth".
func (c *Context) BaseURL() string { return c.site.base }

// Origin returns the origin of the server, for example
// "https://app.example.com".
func (c *Context) Origin() string { return c.site.origin }

// SetStatus sets the HTTP status of the response.
func (c *Context) SetStatus(status int) { c.response.status = status }

// SetHeader sets a header of the response.
func (c *Context) SetHeader(name, value string) { c.response.set(name, value) }

// ResponseHeader returns the headers of the response so far, cookies included.
func (c *Context) ResponseHeader() http.Header {
	h := c.response.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if lines := c.response.jar.Lines(); len(lines) > 0 {
		h["Set-Cookie"] = lines
	}
	return h
}

// addHeader merges headers into those of the response: lists of exposed headers
// are united, everything else is replaced.
func (c *Context) addHeader(h http.Header) {
	for name, values := range h {
		if name == "Access-Control-Expose-Headers" {
			for _, v := range values {
				c.ExposeHeader(v)
			}
			continue
		}
		if c.response.header == nil {
			c.response.header = http.Header{}
		}
		c.response.header[name] = values
	}
}

// Redirect returns the error that, when returned, redirects to a URL. The
// caller has checked the URL. Cookies and headers set so far are kept.
func (c *Context) Redirect(to string) error {
	return &APIError{Status: http.StatusFound, Header: http.Header{"Location": {to}}}
}

// Cookie returns the value of a request cookie.
func (c *Context) Cookie(name string) (string, bool) {
	return cookie.Get(c.Header["Cookie"], name)
}

// HasCookies reports whether the request has any cookie at all.
func (c *Context) HasCookies() bool { return len(c.Header["Cookie"]) > 0 }

// ExposeHeader lets scripts of other origins read a response header.
func (c *Context) ExposeHeader(names string) {
	const header = "Access-Control-Expose-Headers"
	var all []string
	for name := range strings.SplitSeq(c.response.header.Get(header)+","+names, ",") {
		name = strings.TrimSpace(name)
		if name != "" && !slices.ContainsFunc(all, func(have string) bool { return strings.EqualFold(have, name) }) {
			all = append(all, name)
		}
	}
	c.SetHeader(header, strings.Join(all, ", "))
}
