package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Exchange is the exchange of an authorisation code (RFC 6749, section 4.1.3).
type Exchange struct {
	Endpoint    string
	Client      Client
	Code        string
	Verifier    string // "" without PKCE
	RedirectURI string
	DeviceID    string // of VK
	Params      Params
	Header      http.Header
}

// Do exchanges the code.
func (x Exchange) Do(ctx context.Context, client *http.Client, now time.Time) (*Tokens, error) {
	var form Params
	form.Set("grant_type", "authorization_code")
	form.Set("code", x.Code)
	if x.Verifier != "" {
		form.Set("code_verifier", x.Verifier)
	}
	if x.DeviceID != "" {
		form.Set("device_id", x.DeviceID)
	}
	form.Set("redirect_uri", x.RedirectURI)
	form = withAbsent(form, x.Params)
	tokens, err := request(ctx, client, x.Endpoint, x.Client, form, x.Header, now)
	if err != nil {
		return nil, fmt.Errorf("exchange authorisation code: %w", err)
	}
	return tokens, nil
}

// Refresh is a request for new tokens (RFC 6749, section 6).
type Refresh struct {
	Endpoint     string
	Client       Client
	RefreshToken string
	Params       Params
	Header       http.Header
}

// Do refreshes the tokens.
func (x Refresh) Do(ctx context.Context, client *http.Client, now time.Time) (*Tokens, error) {
	var form Params
	form.Set("grant_type", "refresh_token")
	form.Set("refresh_token", x.RefreshToken)
	form = withAbsent(form, x.Params)
	tokens, err := request(ctx, client, x.Endpoint, x.Client, form, x.Header, now)
	if err != nil {
		return nil, fmt.Errorf("refresh tokens: %w", err)
	}
	return tokens, nil
}

// withAbsent adds parameters that are not set yet.
func withAbsent(form, more Params) Params {
	for _, q := range more {
		if form.Get(q.Name) == "" {
			form.Set(q.Name, q.Value)
		}
	}
	return form
}

// request sends a token request. The client's own credentials are set last, so
// that no parameter can take their place.
func request(ctx context.Context, client *http.Client, endpoint string, c Client, form Params, header http.Header, now time.Time) (*Tokens, error) {
	q := Request{Method: http.MethodPost, URL: endpoint, Header: header.Clone()}
	switch {
	case c.Assertion != nil:
		assertion, err := c.Assertion.sign(c.ID, endpoint, now)
		if err != nil {
			return nil, err
		}
		form.Set(or(c.IDName, "client_id"), c.ID)
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
	case c.Basic && c.Secret != "":
		if q.Header == nil {
			q.Header = http.Header{}
		}
		// RFC 6749, section 2.3.1: both are form-encoded before they are joined.
		pair := url.QueryEscape(c.ID) + ":" + url.QueryEscape(c.Secret)
		q.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case c.ID != "":
		form.Set(or(c.IDName, "client_id"), c.ID)
		if c.Secret != "" {
			form.Set("client_secret", c.Secret)
		}
	}
	q.Form = form
	var answer map[string]any
	if err := GetJSON(ctx, client, q, &answer); err != nil {
		return nil, err
	}
	return ParseTokens(answer, now)
}

// ErrNoToken means that an answer of a provider has no access token.
var ErrNoToken = errors.New("the provider's answer has no access token")

// ParseTokens reads a token answer (RFC 6749, section 5.1). Some providers say
// "error" with status 200; that is an [ErrNoToken] too.
func ParseTokens(answer map[string]any, now time.Time) (*Tokens, error) {
	text := func(name string) string {
		s, _ := answer[name].(string)
		return s
	}
	t := &Tokens{
		AccessToken:           text("access_token"),
		RefreshToken:          text("refresh_token"),
		IDToken:               text("id_token"),
		TokenType:             text("token_type"),
		AccessTokenExpiresAt:  expiry(answer["expires_in"], now),
		RefreshTokenExpiresAt: expiry(answer["refresh_token_expires_in"], now),
		Scopes:                scopesOf(answer["scope"]),
		Raw:                   answer,
	}
	if answer["error"] != nil && answer["error"] != "" || t.AccessToken == "" && t.IDToken == "" {
		return nil, ErrNoToken
	}
	return t, nil
}

// maxLifetime keeps a hostile lifetime from overflowing a time.
const maxLifetime = 100 * 365 * 24 * time.Hour

// expiry reads a lifetime in seconds, a number or its text.
func expiry(v any, now time.Time) time.Time {
	seconds := math.NaN()
	switch v := v.(type) {
	case float64:
		seconds = v
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			seconds = n
		}
	}
	if !(seconds > 0) || seconds > maxLifetime.Seconds() {
		return time.Time{}
	}
	return now.Add(time.Duration(seconds * float64(time.Second)))
}
