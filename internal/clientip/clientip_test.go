package clientip

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func forwarded(values ...string) http.Header { return http.Header{"X-Forwarded-For": values} }

func resolve(t *testing.T, options Options, headers http.Header, remoteAddr string) string {
	t.Helper()
	resolver, warnings := New(options)
	if len(warnings) > 0 {
		t.Fatalf("warnings: %v", warnings)
	}
	ip, ok := resolver.Resolve(headers, remoteAddr)
	if ok != (ip != "") {
		t.Fatalf("Resolve = %q, %v", ip, ok)
	}
	return ip
}

const unknown = ""

func TestResolve_without_proxies_wants_exactly_one_address(t *testing.T) {
	t.Parallel()
	tests := []struct{ header, want string }{
		{"1.2.3.4", "1.2.3.4"},
		{" 1.2.3.4 ,", "1.2.3.4"},
		{",, 1.2.3.4", "1.2.3.4"},
		{"2001:DB8::1", "2001:0db8:0000:0000:0000:0000:0000:0000"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::ffff:c000:201", "192.0.2.1"},
		{"::1.2.3.4", "0000:0000:0000:0000:0000:0000:0000:0000"},
		{"64:ff9b::1.2.3.4", "0064:ff9b:0000:0000:0000:0000:0000:0000"},
		{"1.2.3.4, 5.6.7.8", unknown},
		{"1.2.3.4, 1.2.3.4", unknown},
		{"unknown", unknown},
		{"", unknown},
		{",", unknown},
	}
	for _, test := range tests {
		if got := resolve(t, Options{}, forwarded(test.header), "127.0.0.1:1"); got != test.want {
			t.Errorf("%q: got %q, want %q", test.header, got, test.want)
		}
	}
}

func TestAdvisory_BA12_spellings_of_one_address_are_one(t *testing.T) {
	t.Parallel()
	for _, group := range [][]string{
		{"::ffff:192.0.2.1", "::ffff:c000:201", "::FFFF:C000:0201", "0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"},
		{"2001:DB8::1", "2001:db8:0:0::1", "2001:0db8:0000:0000:0000:0000:0000:0001"},
		{"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::", "2001:db8:1:2:a:b:c:d"},
	} {
		want := resolve(t, Options{}, forwarded(group[0]), "")
		for _, spelling := range group {
			if got := resolve(t, Options{}, forwarded(spelling), ""); got != want || got == unknown {
				t.Errorf("%q became %q, but %q became %q", spelling, got, group[0], want)
			}
		}
	}
}

func TestAdvisory_BA12_anything_but_a_bare_address_is_none(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"fe80::1%eth0", "::1%", "::ffff:1.2.3.4%eth0", "[::1]", "[::1]:80", "1.2.3.4:80", "01.2.3.4", "1.2.3.04", "1.2.3", "1.2.3.4.5",
		"0x1.2.3.4", "16909060", "256.1.1.1", "1.2.3.4/32", ":::", "1::2::3", "12345::", "::1.2.3", "::01.2.3.4", "1.2.3.4\x00", "1.2.3.4 5.6.7.8", "１.2.3.4", `"1.2.3.4"`, "for=1.2.3.4",
	} {
		if got := resolve(t, Options{}, forwarded(value), ""); got != unknown {
			t.Errorf("%q became %q", value, got)
		}
	}
}

func TestAdvisory_BA12_subnet_is_configurable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		subnet int
		want   string
	}{
		{0, "2001:0db8:0001:0002:0000:0000:0000:0000"},
		{50, "2001:0db8:0001:0000:0000:0000:0000:0000"},
		{127, "2001:0db8:0001:0002:0003:0000:0000:0000"},
		{128, "2001:0db8:0001:0002:0003:0000:0000:0001"},
		{1000, "2001:0db8:0001:0002:0003:0000:0000:0001"},
		{-1, "0000:0000:0000:0000:0000:0000:0000:0000"},
	}
	for _, test := range tests {
		if got := resolve(t, Options{IPv6Subnet: test.subnet}, forwarded("2001:DB8:1:2:3::1"), ""); got != test.want {
			t.Errorf("subnet %d: got %q, want %q", test.subnet, got, test.want)
		}
	}
}

func TestResolve_with_proxies_takes_the_last_untrusted_hop(t *testing.T) {
	t.Parallel()
	proxies := []string{"10.0.0.0/8", "::1", "fd00::/8", "192.0.2.7", "::ffff:198.51.100.0/120"}
	tests := []struct{ header, want string }{
		{"1.2.3.4, 10.0.0.1", "1.2.3.4"},
		{"9.9.9.9, 1.2.3.4, 10.0.0.1", "1.2.3.4"},
		{"junk, 1.2.3.4, 10.0.0.1", "1.2.3.4"},
		{"1.2.3.4, ::ffff:10.0.0.1", "1.2.3.4"},
		{"1.2.3.4, fd00::5, 192.0.2.7, 198.51.100.9", "1.2.3.4"},
		{"1.2.3.4", "1.2.3.4"},
		{"1.2.3.4, 192.0.2.8", "192.0.2.8"},
		{"1.2.3.4, junk, 10.0.0.1", unknown},
		{"1.2.3.4, 10.0.0.1:80", unknown},
		{"10.0.0.2, 10.0.0.1", unknown},
		{"", unknown},
	}
	for _, test := range tests {
		if got := resolve(t, Options{TrustedProxies: proxies}, forwarded(test.header), ""); got != test.want {
			t.Errorf("%q: got %q, want %q", test.header, got, test.want)
		}
	}
}

func TestResolve_joins_repeated_header_lines(t *testing.T) {
	t.Parallel()
	if got := resolve(t, Options{}, forwarded("1.2.3.4", "5.6.7.8"), ""); got != unknown {
		t.Errorf("without proxies: got %q", got)
	}
	proxies := Options{TrustedProxies: []string{"10.0.0.1"}}
	if got := resolve(t, proxies, forwarded("1.2.3.4", "5.6.7.8, 10.0.0.1"), ""); got != "5.6.7.8" {
		t.Errorf("with proxies: got %q", got)
	}
}

func TestResolve_tries_headers_in_order(t *testing.T) {
	t.Parallel()
	options := Options{Headers: []string{"cf-connecting-ip", "x-real-ip"}}
	headers := http.Header{"X-Real-Ip": {"7.7.7.7"}, "Cf-Connecting-Ip": {"junk"}, "X-Forwarded-For": {"1.2.3.4"}}
	if got := resolve(t, options, headers, ""); got != "7.7.7.7" {
		t.Errorf("got %q, want the second header's", got)
	}
	headers.Set("Cf-Connecting-Ip", "8.8.8.8")
	if got := resolve(t, options, headers, ""); got != "8.8.8.8" {
		t.Errorf("got %q, want the first header's", got)
	}
}

func TestAdvisory_R11_headers_count_only_from_a_proxy(t *testing.T) {
	t.Parallel()
	proxied := Options{TrustedProxies: []string{"10.0.0.0/8"}}
	tests := []struct {
		name       string
		options    Options
		headers    http.Header
		remoteAddr string
		want       string
	}{
		{"no header", Options{}, nil, "9.9.9.9:1", "9.9.9.9"},
		{"header from a stranger", Options{}, forwarded("1.2.3.4"), "9.9.9.9:1", "9.9.9.9"},
		{"header from a private network", Options{}, forwarded("1.2.3.4"), "10.0.0.1:1", "10.0.0.1"},
		{"header from this machine", Options{}, forwarded("1.2.3.4"), "127.0.0.1:1", "1.2.3.4"},
		{"header from this machine over IPv6", Options{}, forwarded("1.2.3.4"), "[::1]:1", "1.2.3.4"},
		{"unusable header from this machine", Options{}, forwarded("junk"), "127.0.0.1:1", unknown},
		{"no header from this machine", Options{}, nil, "127.0.0.1:1", "127.0.0.1"},
		{"IPv6 peer with zone", Options{}, nil, "[fe80::1%eth0]:1", "fe80:0000:0000:0000:0000:0000:0000:0000"},
		{"mapped peer", Options{}, nil, "[::ffff:9.9.9.9]:1", "9.9.9.9"},
		{"UNIX socket", Options{}, nil, "@", unknown},
		{"header from a UNIX socket", Options{}, forwarded("1.2.3.4"), "@", "1.2.3.4"},
		{"no connection", Options{}, forwarded("1.2.3.4"), "", "1.2.3.4"},
		{"named proxies: header from a stranger", proxied, forwarded("1.2.3.4"), "9.9.9.9:1", "9.9.9.9"},
		{"named proxies: header from this machine", proxied, forwarded("1.2.3.4"), "127.0.0.1:1", "127.0.0.1"},
		{"named proxies: header from a UNIX socket", proxied, forwarded("1.2.3.4"), "@", unknown},
		{"named proxies: header from one", proxied, forwarded("1.2.3.4"), "10.0.0.1:1", "1.2.3.4"},
		{"named proxies: header from a mapped one", proxied, forwarded("1.2.3.4"), "[::ffff:10.0.0.1]:1", "1.2.3.4"},
		{"named proxies: only proxies", proxied, forwarded("10.0.0.2"), "10.0.0.1:1", "10.0.0.1"},
		{"disabled", Options{Disabled: true}, forwarded("1.2.3.4"), "9.9.9.9:1", unknown},
	}
	for _, test := range tests {
		if got := resolve(t, test.options, test.headers, test.remoteAddr); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestNew_warns_of_proxies_that_are_no_addresses(t *testing.T) {
	t.Parallel()
	invalid := []string{"bad", "", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "::1/129", " 1.2.3.4", "fe80::1%e", "1.2.3.4:80", "::ffff:10.0.0.0/95"}
	_, warnings := New(Options{TrustedProxies: append(invalid, "1.2.3.4", "10.0.0.1/8", "::1")})
	if len(warnings) != len(invalid) {
		t.Fatalf("got %d warnings for %d invalid entries: %v", len(warnings), len(invalid), warnings)
	}
	if !strings.Contains(warnings[0], `"bad"`) {
		t.Errorf("warning %q does not name the entry", warnings[0])
	}
}

func FuzzResolve(f *testing.F) {
	for _, value := range []string{"1.2.3.4", "::ffff:1.2.3.4", "1.2.3.4, 10.0.0.1", "fe80::1%eth0", "[::1]:80", ",,", "2001:db8::1"} {
		f.Add(value, "10.0.0.1:80")
	}
	f.Add("", "[fe80::1%eth0]:80")
	var resolvers []*Resolver
	for _, options := range []Options{{}, {TrustedProxies: []string{"10.0.0.0/8"}}} {
		resolver, _ := New(options)
		resolvers = append(resolvers, resolver)
	}
	f.Fuzz(func(t *testing.T, header, remoteAddr string) {
		for _, resolver := range resolvers {
			ip, ok := resolver.Resolve(forwarded(header), remoteAddr)
			if !ok {
				continue
			}
			addr, err := netip.ParseAddr(ip)
			if err != nil || addr.Zone() != "" || addr.Is4In6() {
				t.Fatalf("%q, %q became %q, which is not canonical", header, remoteAddr, ip)
			}
			if again, _ := resolver.Resolve(forwarded(ip), ""); again != ip && len(resolver.proxies) == 0 {
				t.Fatalf("%q became %q, which became %q", header, ip, again)
			}
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	b.ReportAllocs()
	resolver, _ := New(Options{TrustedProxies: []string{"10.0.0.0/8", "fd00::/8"}})
	headers := forwarded("2001:db8::1, 10.0.0.1")
	for b.Loop() {
		resolver.Resolve(headers, "")
	}
}
