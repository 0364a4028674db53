package origin

import (
	"strings"
	"testing"
)

func TestValidHost_accepts_names_and_addresses(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"a.com", "A.COM", "a.com:80", "a.com:65535", "localhost", "localhost:3000", "sub.localhost", "1.2.3.4", "1.2.3.4:5",
		"[::1]", "[::1]:80", "a", "xn--bcher-kva.com", "javascript.com", "metadata.javascript", strings.Repeat("a", 63) + ".com",
	} {
		if !ValidHost(host) {
			t.Errorf("%q is refused", host)
		}
	}
}

func TestValidHost_refuses_what_links_must_not_be_built_from(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"", " ", ":", ":80", "a.com:", "a.com:99999", "a.com:8a", "a.com:80:90", "a_b.com", "-a.com", "a-.com", "a..com", ".a.com", "a.com.",
		"u@a.com", "a.com/x", "a.com?x", "a.com#x", "a,b.com", "a.com, b.com", "a%41.com", "é.com", "javascript:1", "data:1", "file:1", "JAVASCRIPT:1",
		"<a>", `a\b`, "a.com ", " a.com", "a\tb", "a\x00b", "a'b", `a"b`, "*.a.com", "[]", "[", "]", "[:::]", "[::1", "::1]", "::1", "[::g]", "[::1]x", "[fe80::1%25e]",
		"[1.2.3.4]", "999.1.1.1", "01.2.3.4", "0x7f.1", "127.1", "123", "a.123", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "com", "https://a.com",
	} {
		if ValidHost(host) {
			t.Errorf("%q is accepted", host)
		}
	}
}

func TestValidProto_accepts_exactly_two(t *testing.T) {
	t.Parallel()
	for proto, want := range map[string]bool{"http": true, "https": true, "": false, "HTTPS": false, "https,http": false, " https": false, "ws": false, "javascript": false} {
		if got := ValidProto(proto); got != want {
			t.Errorf("ValidProto(%q) = %v", proto, got)
		}
	}
}

func TestMatchHost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, host string
		want          bool
	}{
		{"a.com", "a.com", true},
		{"a.COM", "A.com", true},
		{"https://a.com/x", "a.com", true},
		{" a.com ", "a.com", true},
		{"a.com/", "a.com", true},
		{"https://a.com:3000/", "a.com:3000", true},
		{"localhost:*", "localhost:3000", true},
		{"*.a.com", "x.y.A.com", true},
		{"https://*.a.com/**", "x.a.com", true},
		{"a?com", "a.com", true},
		{"[::1]:*", "[::1]:3000", true},
		{"*", "a.com", true},
		{"192.168.*.*:*", "192.168.1.2:80", true},
		{"a.com", "a.com:3000", false},
		{"localhost:*", "localhost", false},
		{"*.a.com", "a.com", false},
		{"*.a.com", "xa.com", false},
		{"a.com", "a.com.evil.tld", false},
		{"ftp://a.com", "a.com", false},
		{"", "a.com", false},
		{"", "", false},
		{"*", "", false},
		{"*", "a.com/b", false},
		{"*", "evil.tld\\.a.com", false},
		{"192.168.*.*", "192.168.evil.example", false},
		{"*.a.com\\", "x.a.com", false},
	}
	for _, test := range tests {
		if got := MatchHost(test.pattern, test.host); got != test.want {
			t.Errorf("MatchHost(%q, %q) = %v, want %v", test.pattern, test.host, got, test.want)
		}
	}
}

func FuzzValidHost(f *testing.F) {
	for _, host := range []string{"a.com", "[::1]:80", "127.1", "a.com:", "javascript:1", "u@a.com"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		MatchHost("*.a.com:*", host)
		if !ValidHost(host) {
			return
		}
		if _, ok := Of("https://" + host); !ok {
			t.Errorf("%q is called valid, but no origin can be made of it", host)
		}
	})
}
