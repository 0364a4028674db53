// Package clientip finds the network address of the client behind a request,
// for rate limits and session records.
//
// Addresses come out in one canonical spelling: IPv4 in dotted form (also when
// it arrived mapped into IPv6), IPv6 expanded and masked to a subnet, because a
// single subscriber commands a whole one. Anything that is not a bare address
// is no address.
package clientip

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// DefaultHeader is read when Options name no headers.
const DefaultHeader = "X-Forwarded-For"

// DefaultIPv6Subnet is the number of leading bits that tell IPv6 clients apart
// unless Options say otherwise.
const DefaultIPv6Subnet = 64

// Options say whom to believe about a client's address. Under the zero value a
// request that comes from this machine is believed if its X-Forwarded-For holds
// exactly one address, as Better Auth 1.7 believes every request; all others are
// known by the address of the connection.
type Options struct {
	// Headers are tried in order until one yields an address. Empty means
	// DefaultHeader.
	Headers []string
	// TrustedProxies are addresses and CIDR prefixes of own proxies. With any,
	// only their requests are believed; the header is read from its right end, and
	// the first address that is not a trusted proxy is the client.
	TrustedProxies []string
	// IPv6Subnet is the number of leading bits kept of an IPv6 address. Zero
	// means DefaultIPv6Subnet, 128 or more keeps all, negative keeps none.
	IPv6Subnet int
	// Disabled makes every address unknown.
	Disabled bool
}

// Resolver finds client addresses. It is immutable.
type Resolver struct {
	headers    []string
	proxies    []netip.Prefix
	subnetBits int
	disabled   bool
}

// New returns a resolver and a warning for each trusted proxy that is neither
// an address nor a prefix. Such entries trust nobody.
func New(options Options) (resolver *Resolver, warnings []string) {
	r := &Resolver{
		subnetBits: subnetBits(options.IPv6Subnet),
		disabled:   options.Disabled,
	}
	for _, name := range options.Headers {
		r.headers = append(r.headers, http.CanonicalHeaderKey(name))
	}
	if len(r.headers) == 0 {
		r.headers = []string{DefaultHeader}
	}
	for _, entry := range options.TrustedProxies {
		prefix, ok := parseProxy(entry)
		if !ok {
			warnings = append(warnings, fmt.Sprintf("trusted proxy %q is neither an IP address nor a CIDR prefix and is ignored", entry))
			continue
		}
		r.proxies = append(r.proxies, prefix)
	}
	return r, warnings
}

func subnetBits(option int) int {
	switch {
	case option == 0:
		return DefaultIPv6Subnet
	case option < 0:
		return 0
	default:
		return min(option, 128)
	}
}

// Resolve returns the canonical address of the client, or false if it is
// unknown. remoteAddr is the peer as in http.Request.RemoteAddr; it is empty
// when there is no connection, and then the headers are the program's own.
func (r *Resolver) Resolve(headers http.Header, remoteAddr string) (ip string, ok bool) {
	if r.disabled {
		return "", false
	}
	addr, ok := r.find(headers, remoteAddr)
	if !ok {
		return "", false
	}
	return r.format(addr), true
}

func (r *Resolver) find(headers http.Header, remoteAddr string) (netip.Addr, bool) {
	peer, known := parsePeer(remoteAddr)
	if remoteAddr != "" && !r.believes(peer, known) {
		return peer, known
	}
	if addr, ok := r.fromHeaders(headers); ok {
		return addr, true
	}
	if len(r.proxies) == 0 && r.hasHeader(headers) {
		return netip.Addr{}, false // a proxy that we do not know was there
	}
	return peer, known
}

// believes reports whether the headers of a peer's requests count.
func (r *Resolver) believes(peer netip.Addr, known bool) bool {
	if len(r.proxies) > 0 {
		return known && r.trusts(peer)
	}
	return !known || peer.IsLoopback() // not known: a UNIX socket
}

func (r *Resolver) hasHeader(headers http.Header) bool {
	return slices.ContainsFunc(r.headers, func(name string) bool { return len(headers[name]) > 0 })
}

func (r *Resolver) fromHeaders(headers http.Header) (netip.Addr, bool) {
	read := onlyHop
	if len(r.proxies) > 0 {
		read = r.lastUntrustedHop
	}
	for _, name := range r.headers {
		if addr, ok := read(headers[name]); ok {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// onlyHop accepts a header that names one address. With more of them, nobody
// could tell which the client has invented.
func onlyHop(lines []string) (netip.Addr, bool) {
	only := ""
	for hop := range hopsFromRight(lines) {
		if only != "" {
			return netip.Addr{}, false
		}
		only = hop
	}
	return parseAddr(only)
}

// lastUntrustedHop walks from the hop that is nearest to this server. A hop
// that is no address makes all beyond it hearsay.
func (r *Resolver) lastUntrustedHop(lines []string) (netip.Addr, bool) {
	for hop := range hopsFromRight(lines) {
		addr, ok := parseAddr(hop)
		if !ok {
			return netip.Addr{}, false
		}
		if !r.trusts(addr) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// hopsFromRight yields the non-empty elements of a comma-separated header that
// may have come in several lines, the last first.
func hopsFromRight(lines []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(lines) {
			for more := true; more; {
				var hop string
				line, hop, more = cutLast(line)
				if hop = strings.TrimSpace(hop); hop != "" && !yield(hop) {
					return
				}
			}
		}
	}
}

func cutLast(list string) (before, last string, more bool) {
	comma := strings.LastIndexByte(list, ',')
	if comma < 0 {
		return "", list, false
	}
	return list[:comma], list[comma+1:], true
}

func (r *Resolver) trusts(addr netip.Addr) bool {
	for _, proxy := range r.proxies {
		if proxy.Contains(addr) {
			return true
		}
	}
	return false
}

func (r *Resolver) format(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	subnet, err := addr.Prefix(r.subnetBits)
	if err != nil {
		// Impossible for 0 to 128 bits; the unmasked address is a safe answer.
		return addr.StringExpanded()
	}
	return subnet.Addr().StringExpanded()
}
