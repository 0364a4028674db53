package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 1 << 20
	// fetchTimeout bounds a request, whatever the client allows.
	fetchTimeout = 10 * time.Second
)

// StatusError is an answer of a provider that is no success. Its text never has
// the body, in which providers have been seen to repeat secrets; Code is the
// error code of RFC 6749, section 5.2, if the body gave one.
type StatusError struct {
	Host   string
	Status int
	Code   string
}

// Error names the host, the status and the code.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answered %d", e.Host, e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	return text
}

// fetch sends a request, refuses answers that are too long, and returns the body
// of a success.
func fetch(client *http.Client, r *http.Request, redirects redirectPolicy) ([]byte, error) {
	ctx, cancel := context.WithTimeout(r.Context(), fetchTimeout)
	defer cancel()
	own := *client
	own.CheckRedirect = redirects
	own.Jar = nil
	response, err := own.Do(r.WithContext(ctx))
	if err != nil && repeatable(r) && ctx.Err() == nil {
		response, err = own.Do(r.WithContext(ctx))
	}
	if err != nil {
		return nil, withoutQuery(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer of %s: %w", r.URL.Host, err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer of %s is longer than %d bytes", r.URL.Host, maxAnswer)
	case response.StatusCode < 200 || response.StatusCode > 299:
		return nil, &StatusError{Host: r.URL.Host, Status: response.StatusCode, Code: errorCode(body)}
	}
	return body, nil
}

// repeatable reports whether a request that got no answer may be sent again: it
// changes nothing (RFC 9110, section 9.2.2). A code or a refresh token is used up
// by the first request, whether or not its answer arrives.
func repeatable(r *http.Request) bool { return r.Method == http.MethodGet && r.Body == nil }

// redirectPolicy says which redirects are followed.
type redirectPolicy = func(next *http.Request, sent []*http.Request) error

// noRedirects is for everything that carries a secret.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

const maxRedirects = 5

// sameOrigin follows a few redirects that stay where the request was meant to go.
func sameOrigin(next *http.Request, sent []*http.Request) error {
	from := sent[0].URL
	if len(sent) > maxRedirects || next.URL.Scheme != from.Scheme || next.URL.Host != from.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// withoutQuery keeps tokens that some providers want in the query out of error
// texts.
func withoutQuery(err error) error {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return err
	}
	address, _, _ := strings.Cut(failed.URL, "?")
	return &url.Error{Op: failed.Op, URL: address, Err: failed.Err}
}

// errorCode returns the "error" member of a body if it is a plain code.
func errorCode(body []byte) string {
	var answer struct {
		Error any `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	code, _ := answer.Error.(string)
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-')
	}) {
		return ""
	}
	return code
}

// Request is a request for JSON.
type Request struct {
	Method string // default GET
	URL    string
	// Token is sent as bearer token (RFC 6750).
	Token string
	// Header has further headers.
	Header http.Header
	// Form or JSON is the body.
	Form Params
	JSON any
	// FollowWithinOrigin follows up to five redirects to the same origin. Others
	// are never followed.
	FollowWithinOrigin bool
}

// GetJSON sends a request and decodes the answer into out.
func GetJSON(ctx context.Context, client *http.Client, q Request, out any) error {
	r, err := q.build(ctx)
	if err != nil {
		return err
	}
	body, err := fetch(client, r, q.redirects())
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the answer of %s is not the JSON that was expected: %w", r.URL.Host, err)
	}
	return nil
}

// GetBytes sends a request and returns the body of the answer.
func GetBytes(ctx context.Context, client *http.Client, q Request) ([]byte, error) {
	r, err := q.build(ctx)
	if err != nil {
		return nil, err
	}
	return fetch(client, r, q.redirects())
}

func (q Request) redirects() redirectPolicy {
	if q.FollowWithinOrigin {
		return sameOrigin
	}
	return noRedirects
}

func (q Request) build(ctx context.Context) (*http.Request, error) {
	method := or(q.Method, http.MethodGet)
	var body io.Reader
	media := ""
	switch {
	case q.Form != nil:
		body, media = strings.NewReader(q.Form.Encode()), "application/x-www-form-urlencoded"
	case q.JSON != nil:
		text, err := json.Marshal(q.JSON)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body, media = bytes.NewReader(text), "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, method, q.URL, body)
	if err != nil {
		return nil, withoutQuery(err)
	}
	r.Header.Set("Accept", "application/json")
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if q.Token != "" {
		r.Header.Set("Authorization", "Bearer "+q.Token)
	}
	for name, values := range q.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	return r, nil
}
