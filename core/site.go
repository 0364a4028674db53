package core

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/internal/origin"
)

// BaseURL says under which address the server is reached: one that is known
// ([StaticURL]), one of several hosts ([HostURLs]), or whatever each request
// says (the zero value).
type BaseURL struct {
	// URL is the address, for example "https://app.example.com". A path in it is
	// the base path.
	URL string
	// AllowedHosts are hosts, with wildcards, of which the one that a request
	// names is used: "app.example.com", "*.example.com", "localhost:*".
	AllowedHosts []string
	// Fallback is used when a request names none of AllowedHosts. Without it
	// such requests fail.
	Fallback string
	// Protocol is "http", "https" or "" (that of the request) under AllowedHosts.
	Protocol string
	// Func returns the address for a request, for example by tenant. It is
	// called with nil outside of requests. When it is set the other fields must
	// be empty.
	Func func(r *http.Request) (string, error)
}

// StaticURL is the base URL of a server that is reached under one address.
func StaticURL(address string) BaseURL { return BaseURL{URL: address} }

// HostURLs is the base URL of a server that is reached under several hosts.
func HostURLs(hosts ...string) BaseURL { return BaseURL{AllowedHosts: hosts} }

// site is the address of the server in one request, with what depends on it.
type site struct {
	base    string // origin and base path
	origin  string
	path    string // the base path, "" for none
	trusted origin.Set
	cookies *cookieSet
}

// siteOf returns the site of a request; r may be nil in in-process calls.
func (k *Kernel) siteOf(r *http.Request, h http.Header) (*site, error) {
	if k.static != nil {
		if k.config.TrustedOriginsFunc == nil {
			return k.static, nil
		}
		s := *k.static
		return k.withTrusted(&s, r), nil
	}
	address, err := k.address(r, h)
	if err != nil {
		return nil, err
	}
	s, err := k.newSite(address)
	if err != nil && k.config.BaseURL.Func == nil {
		return nil, k.misdirected(hostOf(r, h), err)
	}
	if err != nil {
		return nil, err
	}
	return k.withTrusted(s, r), nil
}

// misdirected refuses a request that names a host which is none of this server
// (RFC 9110, section 15.5.20).
func (k *Kernel) misdirected(host string, cause error) error {
	k.Log.Warn("request refused: its host is none of this server; add it to BaseURL.AllowedHosts if it is yours", "host", clip(host))
	return Fail(http.StatusMisdirectedRequest, api.MisdirectedRequest).Because(cause)
}

// newSite returns the site of an address, without the origins trusted by
// option.
func (k *Kernel) newSite(address string) (*site, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("BaseURL: %q is not an http or https address; give one such as https://app.example.com", address)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("BaseURL: has a user, a query or a fragment; give scheme, host and path only")
	}
	own, ok := origin.Of(u.Scheme + "://" + u.Host)
	if !ok {
		return nil, fmt.Errorf("BaseURL: the host of %q is not valid", address)
	}
	s := &site{origin: own, path: strings.TrimRight(u.EscapedPath(), "/")}
	if s.path == "" {
		s.path = k.basePath()
	}
	s.base = s.origin + s.path
	s.cookies = k.cookies
	if k.dynamicCookies() {
		s.cookies = newCookieSet(&k.config, s.origin)
	}
	return s, nil
}

// basePath returns the configured base path: "/api/auth", or "" for the root.
func (k *Kernel) basePath() string {
	path := k.config.BasePath
	if path == "" {
		return "/api/auth"
	}
	path = strings.TrimRight(path, "/")
	if path != "" && path[0] != '/' {
		path = "/" + path
	}
	return path
}

// withTrusted adds the trusted origins to a site.
func (k *Kernel) withTrusted(s *site, r *http.Request) *site {
	set := make(origin.Set, 0, len(k.trusted)+4)
	if own, err := origin.Compile(s.origin); err == nil {
		set = append(set, own)
	}
	set = append(set, k.trusted...)
	if k.config.TrustedOriginsFunc != nil {
		for _, text := range k.config.TrustedOriginsFunc(r) {
			p, err := origin.Compile(text)
			if err != nil {
				k.Log.Warn("TrustedOriginsFunc returned a pattern that is not valid", "pattern", text, "error", err)
				continue
			}
			set = append(set, p)
		}
	}
	s.trusted = set
	return s
}

// address finds the base URL of a request when it is not static.
func (k *Kernel) address(r *http.Request, h http.Header) (string, error) {
	b := &k.config.BaseURL
	switch {
	case b.Func != nil:
		address, err := b.Func(r)
		if err != nil {
			return "", fmt.Errorf("BaseURL.Func: %w", err)
		}
		return address, nil
	case len(b.AllowedHosts) > 0:
		return k.allowedAddress(r, h)
	case r == nil && h.Get("Host") == "":
		return "", errors.New("the base URL is not configured and there is no request to infer it from; set BaseURL")
	}
	return k.inferredAddress(r, h), nil
}

// inferredAddress takes the origin from the request; it is not remembered.
func (k *Kernel) inferredAddress(r *http.Request, h http.Header) string {
	if k.config.TrustedProxyHeaders {
		host, proto := h.Get("X-Forwarded-Host"), h.Get("X-Forwarded-Proto")
		if origin.ValidHost(host) && origin.ValidProto(proto) {
			return proto + "://" + host
		}
	}
	return schemeOf(r) + "://" + hostOf(r, h)
}

func schemeOf(r *http.Request) string {
	if r != nil && r.TLS != nil {
		return "https"
	}
	return "http"
}

func hostOf(r *http.Request, h http.Header) string {
	if r != nil {
		return r.Host
	}
	return h.Get("Host")
}

// allowedAddress takes the host from the request if it is one of the allowed.
func (k *Kernel) allowedAddress(r *http.Request, h http.Header) (string, error) {
	b := &k.config.BaseURL
	host := hostOf(r, h)
	if forwarded := h.Get("X-Forwarded-Host"); k.config.TrustedProxyHeaders && origin.ValidHost(forwarded) {
		host = forwarded
	}
	allowed := origin.ValidHost(host) && slices.ContainsFunc(b.AllowedHosts, func(pattern string) bool { return origin.MatchHost(pattern, host) })
	switch {
	case allowed:
		return k.protocol(r, h, host) + "://" + host, nil
	case b.Fallback != "":
		return b.Fallback, nil
	}
	return "", k.misdirected(host, errors.New("the host is none of BaseURL.AllowedHosts, and there is no BaseURL.Fallback"))
}

func (k *Kernel) protocol(r *http.Request, h http.Header, host string) string {
	forwarded := h.Get("X-Forwarded-Proto")
	switch {
	case k.config.BaseURL.Protocol == "http", k.config.BaseURL.Protocol == "https":
		return k.config.BaseURL.Protocol
	case k.config.TrustedProxyHeaders && origin.ValidProto(forwarded):
		return forwarded
	case r != nil && r.TLS != nil:
		return "https"
	case isLoopbackHost(host):
		return "http"
	case r != nil:
		return "http"
	}
	return "https"
}

func isLoopbackHost(host string) bool {
	name := strings.ToLower(host)
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasSuffix(name, "]") {
		name = name[:i]
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || strings.HasPrefix(name, "127.") || name == "[::1]"
}

// allowedHostOrigins returns the origins that dynamic hosts stand for.
func allowedHostOrigins(b *BaseURL) []string {
	var list []string
	for _, host := range b.AllowedHosts {
		if strings.Contains(host, "://") {
			list = append(list, host)
			continue
		}
		if b.Protocol != "http" {
			list = append(list, "https://"+host)
		}
		if b.Protocol != "https" && (b.Protocol == "http" || isLoopbackHost(host)) {
			list = append(list, "http://"+host)
		}
	}
	if b.Fallback != "" {
		if own, ok := origin.Of(b.Fallback); ok {
			list = append(list, own)
		}
	}
	return list
}

// IsTrustedURL reports whether a URL may be redirected to: one of a trusted
// origin, or a safe one relative to this server's root.
func (c *Context) IsTrustedURL(address string) bool {
	return origin.IsSafeRelative(address) || c.site.trusted.Match(address)
}

// IsTrustedOrigin reports whether an origin is trusted.
func (c *Context) IsTrustedOrigin(address string) bool { return c.site.trusted.Match(address) }

// Resolve returns a redirect target as an absolute URL: a relative one is below
// the origin of this server.
func (c *Context) Resolve(target string) string {
	base, err := url.Parse(c.BaseURL())
	if err != nil {
		return target
	}
	absolute, err := base.Parse(target)
	if err != nil {
		return target
	}
	return absolute.String()
}
