package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/ostiary/ostiary/internal/jstext"
	"github.com/ostiary/ostiary/route"
)

// Response is a complete HTTP response.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// ServeHTTP serves the endpoints. The stages of a request are, in this order:
// disabled paths, rate limit, interception by plugins, routing, reading the
// body, origin check and middleware, before hooks, validation, gates, the
// endpoint, after hooks, interception of the response by plugins.
func (k *Kernel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	response := k.respond(r)
	h := w.Header()
	for name, values := range response.Header {
		if !isRequestHeader(name) {
			h[name] = values
		}
	}
	if hasBody(response.Status) && h["Content-Length"] == nil {
		h["Content-Length"] = []string{strconv.Itoa(len(response.Body))}
	}
	w.WriteHeader(response.Status)
	if r.Method != http.MethodHead && len(response.Body) > 0 {
		if _, err := w.Write(response.Body); err != nil {
			k.Log.DebugContext(r.Context(), "response not delivered", "error", err)
		}
	}
}

// hasBody reports whether responses of a status have a body, be it empty (RFC
// 9110, section 6.4.1).
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// respond runs a request through all stages.
func (k *Kernel) respond(r *http.Request) (response *Response) {
	c := &Context{Context: r.Context(), Kernel: k, Method: r.Method, Header: r.Header, Request: r, response: responseHead{jar: newJar(k)}}
	defer func() {
		if p := recover(); p != nil {
			response = k.errorResponse(c, newPanicError(p))
		}
	}()
	var err error
	if c.site, err = k.siteOf(r, r.Header); err != nil {
		return k.errorResponse(c, err)
	}
	path, inside := k.endpointPath(c.site, r)
	c.Path = path
	if inside {
		trimmed := trimSlashes(path)
		if k.disabled[trimmed] {
			return disabled()
		}
		if limited := k.limit(c, trimmed); limited != nil {
			return limited
		}
	}
	r, early, err := k.interceptRequest(r)
	if err != nil || early != nil {
		if err != nil {
			return k.errorResponse(c, err)
		}
		return early
	}
	if r != c.Request {
		c.Request, c.Header, c.Method = r, r.Header, r.Method
		path, inside = k.endpointPath(c.site, r)
	}
	response = k.route(c, path, inside)
	return k.interceptResponse(c, r, response)
}

func (k *Kernel) interceptRequest(r *http.Request) (*http.Request, *Response, error) {
	for _, p := range k.requestInterceptors {
		next, response, err := p.OnRequest(k, r)
		if err != nil || response != nil {
			return r, response, err
		}
		if next != nil {
			r = next
		}
	}
	return r, nil, nil
}

func (k *Kernel) interceptResponse(c *Context, r *http.Request, response *Response) *Response {
	if len(k.responseInterceptors) > 0 {
		// What they do to the headers has no part in the response to a failure.
		response.Header = response.Header.Clone()
	}
	for _, p := range k.responseInterceptors {
		replaced, err := p.OnResponse(k, r, response)
		if err != nil {
			return k.errorResponse(c, err)
		}
		if replaced != nil {
			return replaced
		}
	}
	return response
}

// route finds the endpoint and runs it.
func (k *Kernel) route(c *Context, path string, inside bool) *Response {
	if !inside {
		return notFound()
	}
	e, params := k.router.find(c.Method, path, k.config.SkipTrailingSlashes)
	if e == nil {
		return notFound()
	}
	if k.disabled[e.spec.Path] { // with parameters, or of a request that a plugin replaced
		return disabled()
	}
	c.spec, c.Path, c.Params = e.spec, e.spec.Path, params
	if c.Request.URL.RawQuery != "" {
		c.Query = c.Request.URL.Query()
	}
	out, err := k.run(c, e)
	if err != nil {
		return k.errorResponse(c, err)
	}
	response, err := c.build(&out)
	if err != nil {
		return k.errorResponse(c, err)
	}
	return response
}

// run does what HTTP requests have in addition to in-process calls, then
// dispatches.
func (k *Kernel) run(c *Context, e *Endpoint) (outcome, error) {
	if err := c.readBody(); err != nil {
		return outcome{}, err
	}
	if err := k.checkOrigin(c); err != nil {
		return outcome{}, err
	}
	for i := range k.middleware {
		m := &k.middleware[i]
		if pathMatches(m.Path, c.Path) {
			if err := m.Run(c); err != nil {
				return outcome{}, err
			}
		}
	}
	return k.dispatch(c, e)
}

func disabled() *Response {
	return &Response{Status: http.StatusNotFound, Header: http.Header{"Content-Type": {"text/plain;charset=UTF-8"}}, Body: []byte("Not Found")}
}

func notFound() *Response { return &Response{Status: http.StatusNotFound, Header: http.Header{}} }

// build makes the response of an outcome.
func (c *Context) build(out *outcome) (*Response, error) {
	c.SetHeader("Content-Type", "application/json")
	response := &Response{Status: out.httpStatus(), Header: c.response.header}
	if lines := c.response.jar.Lines(); len(lines) > 0 {
		response.Header["Set-Cookie"] = lines
	}
	if out.err != nil {
		response.Body = out.err.body()
		return response, nil
	}
	switch v := out.value.(type) {
	case route.Raw:
		c.SetHeader("Content-Type", v.ContentType)
		response.Body = v.Body
		return response, nil
	case string:
		c.SetHeader("Content-Type", "text/plain;charset=UTF-8")
		response.Body = []byte(v)
		return response, nil
	}
	body, err := appendJSON(nil, out.value)
	if err != nil {
		return nil, fmt.Errorf("encode the response of %s: %w", c.Path, err)
	}
	response.Body = body
	return response, nil
}

// appender is a value that writes its own JSON text without reflection.
type appender interface{ AppendJSON(b []byte) []byte }

func appendJSON(b []byte, v any) ([]byte, error) {
	if a, ok := v.(appender); ok {
		if b == nil {
			b = make([]byte, 0, 1024)
		}
		return a.AppendJSON(b), nil
	}
	return jstext.Append(b, v)
}

// errorResponse makes the response of an error that ended a request early.
func (k *Kernel) errorResponse(c *Context, err error) *Response {
	failed := AsAPIError(err)
	k.report(c, err, failed)
	if failed == nil {
		return &Response{Status: http.StatusInternalServerError, Header: http.Header{}}
	}
	c.addHeader(failed.Header)
	response := &Response{Status: failed.Status, Header: c.ResponseHeader(), Body: failed.body()}
	response.Header.Set("Content-Type", "application/json")
	return response
}

// report logs an error, or hands it to the application.
func (k *Kernel) report(c *Context, err error, failed *APIError) {
	if failed != nil && failed.IsRedirect() {
		return
	}
	if k.config.OnError != nil {
		defer func() {
			if p := recover(); p != nil {
				k.Log.ErrorContext(c, "OnError failed", "error", newPanicError(p))
			}
		}()
		k.config.OnError(err, c)
		return
	}
	if errors.Is(err, context.Canceled) && c.Err() != nil {
		k.Log.DebugContext(c, "the client went away", "method", c.Method, "path", c.Path)
		return
	}
	if failed == nil || failed.Status >= 500 {
		k.Log.ErrorContext(c, "request failed", "method", c.Method, "path", c.Path, "error", err)
	}
}

// panicError is a recovered panic.
type panicError struct {
	value any
	stack []byte
}

func newPanicError(value any) error { return &panicError{value: value, stack: debug.Stack()} }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// IsPanic reports whether an error given to OnError was a panic.
func IsPanic(err error) bool {
	var p *panicError
	return errors.As(err, &p)
}

// isRequestHeader reports whether a header belongs to requests or to one
// connection, and so has no place in a response.
func isRequestHeader(name string) bool {
	switch name {
	case "Host", "User-Agent", "Referer", "From", "Expect", "Authorization", "Proxy-Authorization", "Cookie", "Origin",
		"Accept-Charset", "Accept-Encoding", "Accept-Language", "If-Match", "If-None-Match", "If-Modified-Since",
		"If-Unmodified-Since", "If-Range", "Range", "Max-Forwards", "Connection", "Keep-Alive", "Transfer-Encoding",
		"Te", "Upgrade", "Trailer", "Proxy-Connection", "Content-Length":
		return true
	}
	return false
}
