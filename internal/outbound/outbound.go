// Package outbound makes requests to servers whose addresses others have a say
// in, such as the key set that a provider names. Addresses that only this machine
// or its network can reach are refused (server-side request forgery), at the
// moment when a connection is made, so that no name can resolve to something
// else after the check.
package outbound

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

const (
	requestTimeout   = 10 * time.Second
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 90 * time.Second
	maxHeaderBytes   = 64 << 10
	maxIdlePerHost   = 8
)

// Options of a client. The zero value reaches public addresses only.
type Options struct {
	// Private are the networks that are reached although they are not public.
	Private []netip.Prefix
	// Everything lifts the restriction.
	Everything bool

	proxy func(r *http.Request) (*url.URL, error) // of tests
}

// NewClient returns a client that gives up after 10 seconds, follows no
// redirects, and keeps to the networks of the options. A proxy that the
// environment names is used; it decides about names, so that only addresses are
// checked here.
func NewClient(o Options) *http.Client {
	if o.proxy == nil {
		o.proxy = http.ProxyFromEnvironment
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	guarded := *dialer
	guarded.ControlContext = o.control
	direct, proxied := newTransport(&guarded), newTransport(dialer)
	proxied.Proxy = o.proxy
	return &http.Client{
		Timeout:       requestTimeout,
		Transport:     &transport{o, direct, proxied},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newTransport(d *net.Dialer) *http.Transport {
	return &http.Transport{
		DialContext: d.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: handshakeTimeout,
		ResponseHeaderTimeout: requestTimeout, IdleConnTimeout: idleTimeout, MaxIdleConnsPerHost: maxIdlePerHost,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// transport sends requests by a proxy, if there is one for them.
type transport struct {
	options         Options
	direct, proxied *http.Transport
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	proxy, err := t.options.proxy(r)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	if proxy == nil {
		return t.direct.RoundTrip(r)
	}
	if address, err := netip.ParseAddr(r.URL.Hostname()); err == nil && !t.options.allows(address) {
		return nil, &PrivateAddressError{address}
	}
	return t.proxied.RoundTrip(r)
}

// CloseIdleConnections closes connections that no request uses.
func (t *transport) CloseIdleConnections() {
	t.direct.CloseIdleConnections()
	t.proxied.CloseIdleConnections()
}

// PrivateAddressError is the refusal of an address.
type PrivateAddressError struct{ Address netip.Addr }

// Error names the address and the remedy.
func (e *PrivateAddressError) Error() string {
	return fmt.Sprintf("%s is not a public address; if the server there is meant to be asked, list its network in PrivateNetworks", e.Address)
}

// control is called with the address that a name has resolved to, before a
// connection is made.
func (o Options) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("outbound: %q is not an address: %w", address, err)
	}
	if !o.allows(at.Addr()) {
		return &PrivateAddressError{at.Addr()}
	}
	return nil
}

func (o Options) allows(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	return o.Everything || IsPublic(a) || slices.ContainsFunc(o.Private, func(p netip.Prefix) bool { return p.Contains(a) })
}

// reserved are the networks that are not of the public internet, by the IANA
// special-purpose address registries (RFC 6890), besides those that package
// netip knows.
var reserved = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // shared address space of carriers
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays, deprecated
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("::/96"),           // IPv4-compatible, deprecated
	netip.MustParsePrefix("64:ff9b:1::/48"),  // local-use translation
	netip.MustParsePrefix("100::/64"),        // discard
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4, which hides an IPv4 address
	netip.MustParsePrefix("3fff::/20"),       // documentation
	netip.MustParsePrefix("5f00::/16"),       // segment routing
	netip.MustParsePrefix("fec0::/10"),       // site-local, deprecated
}

// translated is the prefix of IPv6 addresses that stand for IPv4 ones (RFC 6052).
var translated = netip.MustParsePrefix("64:ff9b::/96")

// IsPublic reports whether an address is one of the public internet.
func IsPublic(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if translated.Contains(a) {
		b := a.As16()
		return IsPublic(netip.AddrFrom4([4]byte(b[12:])))
	}
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	return !slices.ContainsFunc(reserved[:], func(p netip.Prefix) bool { return p.Contains(a) })
}
