package origin

import (
	"net/url"
	"strings"
	"testing"
)

func mustCompile(t testing.TB, pattern string) Pattern {
	t.Helper()
	p, err := Compile(pattern)
	if err != nil {
		t.Fatalf("Compile(%q): %v", pattern, err)
	}
	return p
}

func TestPattern_matches_as_in_Better_Auth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url, pattern string
		want         bool
	}{
		// http and https without wildcards
		{"https://A.com:443/x", "https://a.com", true},
		{"HTTPS://a.com", "https://a.com", true},
		{"http://a.com:80", "http://a.com", true},
		{"https://a.com:", "https://a.com", true},
		{"https://a.com?x=\\@e", "https://a.com", true},
		{"https://u:p%20@a.com/", "https://a.com", true},
		{"https://a.com:8443", "https://a.com:8443", true},
		{"https://[0:0::1]:3000/x", "https://[::1]:3000", true},
		{"https://[::ffff:1.2.3.4]", "https://[::ffff:102:304]", true},
		{"https://a.com:80", "https://a.com", false},
		{"http://a.com", "https://a.com", false},
		{"https://a.com.", "https://a.com", false},
		{"https://b.a.com", "https://a.com", false},
		{"blob:https://a.com/uuid", "https://a.com", false},
		{"myapp://a.com", "https://a.com", false},
		{"", "https://a.com", false},
		{"null", "https://a.com", false},
		{"/", "https://a.com", false},

		// host wildcards, any scheme
		{"http://x.y.a.com", "*.a.com", true},
		{"https://user@x.a.com", "*.a.com", true},
		{"myapp://x.a.com", "*.a.com", true},
		{"myapp://u@x.a.com/y", "*.a.com", true},
		{"https://a.com", "*.a.com", false},
		{"https://x.a.com:3000", "*.a.com", false},
		{"https://b.a.com.", "*.a.com", false},
		{"myapp:x.a.com", "*.a.com", false},
		{"myapp:///x.a.com", "*.a.com", false},
		{"mailto:x@y", "*", false},
		{"https://x.a.com:80", "*", true},
		{"https://a.com", "**", true},
		{"https://xa.com", "?a.com", true},
		{"https://a.com", "?a.com", false},
		{"https://a.com:3000", "a.com:*", true},
		{"https://a.com:443", "a.com:*", false},
		{"https://a.com", "a.com*", true},
		{"https://[::1]:3000", "*:3000", true},
		{"https://x.a.com", "\\x*.com", true},
		{"https://x.com", "x\\**", false},

		// origin wildcards
		{"https://x.a.com:3000", "https://*.a.com:*", true},
		{"https://x.a.com", "https://*.a.com:*", false},
		{"https://x.a.com/foo", "https://*.a.com/**", true},
		{"https://x.a.com", "*://*.a.com", true},
		{"https://x.a.com", "**://x.a.com", true},
		{"https://x.a.com", "http?://x.a.com", true},
		{"http://x.a.com", "http?://x.a.com", false},
		{"myapp://x.a.com", "*://x.a.com", false},
		{"http://x.a.com", "https://*.a.com", false},
		{"https://a-com", "https://a.c*", false},
		{"https://aXcom", "https://a?com", true},
		{"https://[::1]:3000", "https://[::1]:*", true},

		// wildcards in IPv4 addresses
		{"http://192.168.1.5:3000", "http://192.168.*.*:*", true},
		{"http://1.2.3.4", "1.2.3.*", true},
		{"http://1.2.3.4:81", "1.2.3.*", true},
		{"http://192.168.attacker.com", "http://192.168.*.*", false},
		{"http://192.168.attacker.com:80", "http://192.168.*.*:*", false},
		{"http://1.2.3.evil", "1.2.3.*", false},
		{"https://1.2.3.44", "1.2.3.4?", true},
		{"https://a.b.c.d", "*.*.*.*", true},

		// apps' own schemes
		{"myapp://anything", "myapp://", true},
		{"myapp:foo", "myapp://", true},
		{"myapp:foo", "myapp:", true},
		{"MYAPP://HOST/x", "myapp://host", true},
		{"myapp://a", "MYAPP://a", true},
		{"myapp://host/x?y#z", "myapp://host/x", true},
		{"myapp://host/x/y", "myapp://host/x", true},
		{"myapp://host/x", "myapp://host/x/", true},
		{"myapp://host", "myapp://host/", true},
		{"myapp://host/x/../y", "myapp://host/y", true},
		{"myapp://host/%78", "myapp://host/x", true},
		{"myapp://a//b", "myapp://a/b", true},
		{"myapp://a/%", "myapp://a", true},
		{"com.example.app:/cb/x", "com.example.app:/cb", true},
		{"exp:a/b", "exp:a", true},
		{"myapp://host/cb/../evil", "myapp://host/cb", false},
		{"myapp://host/cb/%2e%2e%2fevil", "myapp://host/cb", false},
		{"myapp://host/cbevil", "myapp://host/cb", false},
		{"myapp://host:1/x", "myapp://host", false},
		{"myapp://u@host/x", "myapp://host", false},
		{"myapp://%61/", "myapp://a", false},
		{"myapp://a\n", "myapp://a", false},
		{"myapp://a/\u0085", "myapp://a", false},
		{"my app://a", "myapp://a", false},
		{"exp:ab", "exp:a", false},

		// apps' own schemes with wildcards
		{"exp://192.168.1.2:8081/--/x", "exp://192.168.*.*:*/**", true},
		{"exp://192.168.1.2:8081", "exp://192.168.*.*:*/**", true},
		{"exp://192.168.1.2:8081/a/b", "exp://192.168.*.*:*", true},
		{"exp://192.168.1.2:8081/a", "exp://192.168.*.*:*/*", true},
		{"exp://192.168.1.2:8081/a/b", "exp://192.168.*.*:*/*", false},
		{"exp://192.168.evil/cb", "exp://192.168.*.*", false},
		{"exp://192.168.1.1:80.evil/cb", "exp://192.168.*.*:*", false},
		{"exp://x@evil:8081", "exp://*", false},
		{"exp:///a", "exp://*", true},
		{"exp://h", "exp://h/*", true},
		{"exp://h/a/", "exp://h/*", true},
		{"exp://h/c", "exp://h/**/c", true},
		{"exp://h/a/b/c", "exp://h/**/c", true},
		{"exp://h/a", "exp://h/a/**", true},
		{"exp://h/a", "exp://h/a/*", false},
		{"exp://h/a/b/c", "exp://h/a**/c", false},
		{"exp://h/x/../c", "exp://h/c*", true},
		{"exp://H/a", "exp://h*/a", true},
		{"exp://h/é", "exp://h/?", true},
	}
	for _, test := range tests {
		if got := mustCompile(t, test.pattern).Match(test.url); got != test.want {
			t.Errorf("pattern %q, URL %q: got %v, want %v", test.pattern, test.url, got, test.want)
		}
	}
}

// Better Auth 1.7 accepts each of these. They are refused on purpose: a script
// runs, or the readers of the URL disagree about it.
func TestPattern_is_stricter_than_Better_Auth_where_readers_disagree(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, pattern string }{
		{"javascript://x.a.com/%0aalert(1)", "*.a.com"},
		{"blob:https://a.com/uuid", "*"},
		{"https:a.com", "https://a.com"},
		{"https:/a.com", "https://a.com"},
		{"https:///a.com", "https://a.com"},
		{`https:\\a.com`, "https://a.com"},
		{" https://a.com", "https://a.com"},
		{"ht\ntps://a.com", "https://a.com"},
		{"https://a.com\t", "https://a.com"},
		{"https://a.com:0443", "https://a.com"},
		{"http://0x01.2.3.4", "1.2.3.*"},
		{"https://bücher.a.com", "*.a.com"},
		{"https://%61.com", "https://a.com"},
		{"myapp://x!.a.com", "*.a.com"},
		{"myapp://host/cb/%00", "myapp://host/cb"},
		{"myapp://host/cb/%5c..%5cevil", "myapp://host/cb"},
	}
	for _, test := range tests {
		if mustCompile(t, test.pattern).Match(test.url) {
			t.Errorf("pattern %q matches %q", test.pattern, test.url)
		}
	}
}

func TestCompile_refuses_patterns_that_could_never_match(t *testing.T) {
	t.Parallel()
	tests := []struct{ pattern, hint string }{
		{"", "empty"},
		{"a.com", `write "https://a.com"`},
		{"localhost:3000", `write "https://localhost:3000"`},
		{"https://a.com/", `write "https://a.com"`},
		{"https://a.com/path", `write "https://a.com"`},
		{"https://A.com", `write "https://a.com"`},
		{"https://a.com:443", `write "https://a.com"`},
		{"https://user@a.com", `write "https://a.com"`},
		{"https://", "not an http or https origin"},
		{"https:a.com", "not an http or https origin"},
		{"https://a.com\\", "backslash"},
		{"*.a.com\\", "backslash"},
		{"exp://h/*\\", "backslash"},
		{"/callback", "path"},
		{"*.a.com/callback", "path"},
		{"https://*.a.com/", "path"},
		{"https://*.a.com/callback", "path"},
		{"https://*.A.com", `write "https://*.a.com"`},
		{"*.bücher.example", "xn--"},
		{" https://a.com", "white space"},
		{"https://a.com\n", "control character"},
		{"https://a.com\xff", "UTF-8"},
		{"javascript:", "script"},
		{"JavaScript://*", "script"},
		{"data:", "script"},
		{"myapp://a/%zz", "percent-encoded"},
	}
	for _, test := range tests {
		_, err := Compile(test.pattern)
		if err == nil || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("Compile(%q) = %v, want an error with %q", test.pattern, err, test.hint)
		}
	}
}

func TestSet_matches_when_any_pattern_does(t *testing.T) {
	t.Parallel()
	set := Set{mustCompile(t, "https://app.example"), mustCompile(t, "*.example.com")}
	for _, u := range []string{"https://app.example/x", "https://a.b.example.com"} {
		if !set.Match(u) {
			t.Errorf("%q does not match", u)
		}
	}
	if set.Match("https://other.example") || (Set{}).Match("https://app.example") || (Set{{}}).Match("https://app.example") {
		t.Error("a URL matches without a pattern for it")
	}
}

func TestOf_normalises(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, want string }{
		{"https://a.com", "https://a.com"},
		{"HTTPS://A.Com:443/x?y#z", "https://a.com"},
		{"http://a.com:443", "http://a.com:443"},
		{"https://a.com:80/", "https://a.com:80"},
		{"http://user:pass@a.com:8080/x", "http://a.com:8080"},
		{"https://a.com:?x", "https://a.com"},
		{"https://[2001:DB8:0:0::1]:443/", "https://[2001:db8::1]"},
		{"https://[::FFFF:10.0.0.1]:8443/", "https://[::ffff:a00:1]:8443"},
		{"https://127.0.0.1", "https://127.0.0.1"},
		{"https://a_b.c", "https://a_b.c"},
		{"https://xn--bcher-kva.example/ü", "https://xn--bcher-kva.example"},
		{"https://a.com./", "https://a.com."},
		{"https://a.com@a.com/", "https://a.com"},
	}
	for _, test := range tests {
		if got, ok := Of(test.url); !ok || got != test.want {
			t.Errorf("Of(%q) = %q, %v, want %q", test.url, got, ok, test.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, u := range hostileURLs {
		f.Add(u)
	}
	for _, u := range []string{"https://app.example", "HTTPS://u:p@APP.example:443/x?y#z", "https://app.example/%zz", "/a/../b"} {
		f.Add(u)
	}
	exact := mustCompile(f, "https://app.example")
	patterns := []string{"*.app.example", "https://*.app.example:*", "192.168.*.*", "exp://192.168.*.*:*/**", "myapp://host/cb", "**"}
	others := make(Set, 0, len(patterns))
	for _, p := range patterns {
		others = append(others, mustCompile(f, p))
	}
	f.Fuzz(func(t *testing.T, u string) {
		others.Match(u)
		if IsSafeRelative(u) {
			stays(t, u)
		}
		if !exact.Match(u) {
			return
		}
		// Browsers take a lone percent sign where net/url wants an escape.
		parsed, err := url.Parse(strings.ReplaceAll(u, "%", "%25"))
		if err != nil {
			t.Fatalf("%q matches, but net/url fails: %v", u, err)
		}
		if parsed.Scheme != "https" || !strings.EqualFold(parsed.Hostname(), "app.example") || parsed.Port() != "" && parsed.Port() != "443" {
			t.Fatalf("%q matches, but its host is %q", u, parsed.Host)
		}
	})
}

// stays checks that a relative URL resolves to the origin it is resolved on.
func stays(t *testing.T, u string) {
	t.Helper()
	base := &url.URL{Scheme: "https", Host: "app.example", Path: "/a/b"}
	relative, err := url.Parse(strings.ReplaceAll(u, "%", "%25"))
	if err != nil {
		t.Fatalf("%q is called safe, but net/url fails: %v", u, err)
	}
	resolved := base.ResolveReference(relative)
	if resolved.Host != base.Host || resolved.Scheme != base.Scheme {
		t.Fatalf("%q is called safe, but leads to %q", u, resolved)
	}
}

func TestMatch_does_not_allocate_for_browser_origins(t *testing.T) {
	set := Set{mustCompile(t, "https://app.example"), mustCompile(t, "https://*.example.com:*"), mustCompile(t, "myapp://")}
	allocations := testing.AllocsPerRun(100, func() {
		set.Match("https://app.example")
		set.Match("https://a.example.com:8443/path")
		set.Match("https://evil.example")
		IsSafeRelative("/dashboard?tab=1")
		ValidHost("app.example:8443")
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want 0", allocations)
	}
}

func BenchmarkSet_Match(b *testing.B) {
	b.ReportAllocs()
	set := Set{mustCompile(b, "https://app.example"), mustCompile(b, "https://*.example.com:*"), mustCompile(b, "*.example.net")}
	for b.Loop() {
		if !set.Match("https://a.b.example.net") {
			b.Fatal("no match")
		}
	}
}
