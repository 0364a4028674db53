package origin

import "testing"

// hostileURLs lead, or might lead some reader, away from https://app.example
// and *.example.com. None is trusted, absolute or relative.
var hostileURLs = []string{
	// without a scheme, or with half of one
	"", " ", "?", "#", "a", "a/b", "./x", "../x", "?x", "evil.example", "app.example", "app.example/x",
	"//evil.example", "///evil.example", "////evil.example", "//app.example", `/\evil.example`, `/\/evil.example`, `\/evil.example`, `\\evil.example`, `\evil.example`,
	"/%5cevil.example", "/%5Cevil.example", "/%2f%2fevil.example", "/%2Fevil.example", "/x%2f%2e%2e", "/x/%2F/y", `/x\y`, `/x?\`, `/x#\`,
	"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", "\x00//evil.example", " //evil.example", " /x", "/\x00", "/x\x7f", "/x\u0080", "/x\u009f", "/\xff",
	"/..//evil.example", "/.//evil.example", "/a/..//evil.example", "/%2e%2e//evil.example", "/%2E//evil.example", "/.%2e//evil.example", "/a//../..//evil.example",
	"https:evil.example", "https:/evil.example", "https:///evil.example", "https:app.example", "https:/app.example", "https:///app.example", "https:////app.example", `https:\\app.example`, `https:/\app.example`, `https:\/app.example`,
	"https://", "https:", "https", "://app.example", ":app.example", "https//app.example", "https;//app.example",

	// white space and control characters
	" https://app.example", "\thttps://app.example", "\nhttps://app.example", "\x00https://app.example", "\x1fhttps://app.example", "\u00a0https://app.example", "\ufeffhttps://app.example",
	"https://app.example ", "https://app.example\t", "https://app.example\n", "https://app.example\x00", "https://app.example\x00.evil.example", "ht\ntps://app.example", "https:\n//app.example", "https:/\t/app.example", "https://app\n.example", "https://app.example\n.evil.example", "https://app.example\r\nLocation: https://evil.example", "https://app .example", "https://app.example .evil.example", "https://app.example\u2028", "https://app.example\u3000.evil.example", "https://app\u00ad.example", "https://app\u200b.example", "https://app.example/\x7f", "https://app.example/\u0085",

	// another host that resembles
	"https://evil.example", "https://app.example.evil.tld", "https://app.exampleevil.tld", "https://evilapp.example", "https://evil.app.example", "https://app.example.", "https://app.example..", "https://.app.example", "https://app..example", "https://appXexample", "https://app-example", "https://app.example,evil.tld", "https://app.example;evil.tld", "https://app.example&evil.tld", "https://app.example!.evil.tld", "https://app.example=.evil.tld", "https://app.example'.evil.tld", "https://app.example*.evil.tld", "https://*.example", "https://(app.example)", "https://app.example|evil.tld", "https://app.example^evil.tld", "https://app.example`.evil.tld", "https://{app.example}", "https://app.example\".evil.tld", "https://<app.example>",
	"https://exampleXcom", "https://example.com", "https://evilexample.com", "https://evil.tld/.example.com", "https://evil.tld?.example.com", "https://evil.tld#.example.com", `https://evil.tld\.example.com`, "https://a.example.com.evil.tld", "https://a.example.com:8443", "https://.example.com", "https://a..example.com", "https://a.example.com.",

	// user information
	"https://app.example@evil.tld", "https://app.example:443@evil.tld", "https://app.example:x@evil.tld/", "https://app.example%40evil.tld", "https://app.example%2f@evil.tld", "https://app.example%00@evil.tld", `https://app.example\@evil.tld`, `https://evil.tld\@app.example`, "https://evil.tld/@app.example", "https://evil.tld?@app.example", "https://evil.tld#@app.example", "https://evil.tld:@x:@evil.tld", "https://a@b@app.example", "https://@", "https://@/app.example", "https://evil.tld\t@app.example", "https://evil.tld @app.example", "https://evil.tld[@app.example", "https://ü@app.example", `https://evil.tld/\@app.example`, "https://[evil.tld]@app.example",

	// percent, international and look-alike hosts
	"https://%61pp.example", "https://app%2eexample", "https://app.example%2eevil.tld", "https://app.example%2fevil.tld", "https://app.example%3a443", "https://app.example%23.evil.tld", "https://app.example%20", "https://app%E3%80%82example", "https://app。example", "https://ａｐｐ.example", "https://аpp.example", "https://app.examplе", "https://ⓐpp.example", "https://app.exampleﾟ", "https://app.example℀.evil.tld", "https://app.example／evil.tld", "https://app.example＠evil.tld", "https://app.example：443", "https://app.example？x", "https://\u017f.example.com", "https://\u212a.example.com", "https://xn--pp-7ka.example",

	// ports
	"https://app.example:80", "https://app.example:8443", "https://app.example:0443", "https://app.example:00", "https://app.example:+443", "https://app.example:-1", "https://app.example:65979", "https://app.example:4294967739", "https://app.example:443x", "https://app.example:x", "https://app.example:443:443", "https://app.example::443", "https://app.example: 443", "https://app.example:443.evil.tld", "https://app.example:٤٤٣", "https://:443", "https://:app.example",

	// addresses in other spellings
	"https://2130706433", "https://0x7f000001", "https://0x7f.1", "https://0177.0.0.1", "https://127.1", "https://127.0.0.1.", "https://127.0.0.01", "https://256.1.1.1", "https://1.2.3.4.5", "https://a.1", "https://a.0x", "https://a.0x1f", "https://[::1", "https://::1]", "https://[]", "https://[::1%25eth0]", "https://[::1]x", "https://[::1]:x", "https://[app.example]", "https://[1.2.3.4]", "https://[v1.a]", "https://[::1]@app.example.evil.tld", "https://[:::]", "https://[1:2:3:4:5:6:7:8:9]", "https://[::ffff:1.2.3.04]",

	// other schemes
	"http://app.example", "ftp://app.example", "ws://app.example", "wss://app.example", "httpss://app.example", "xhttps://app.example", "file://app.example", "file:///etc/passwd", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "\tjavascript:alert(1)", "java\nscript:alert(1)", "javascript://app.example/%0aalert(1)", "javascript://a.example.com/%0aalert(1)", "JAVASCRIPT://a.example.com", "data:text/html,<script>", "data://a.example.com/,x", "vbscript:x", "vbscript://a.example.com", "blob:https://app.example/x", "blob://a.example.com", "filesystem:https://app.example/x", "about:blank", "about://a.example.com", "view-source:https://app.example", "view-source://a.example.com", "https+x://app.example", "h%74tps://app.example", "null", "undefined", "*", "https://*",
}

func TestSR_103_hostile_URLs_are_neither_trusted_nor_relative(t *testing.T) {
	t.Parallel()
	if len(hostileURLs) < 100 {
		t.Fatalf("only %d vectors", len(hostileURLs))
	}
	set := Set{mustCompile(t, "https://app.example"), mustCompile(t, "*.example.com")}
	for _, u := range hostileURLs {
		if set.Match(u) {
			t.Errorf("%q is trusted", u)
		}
		if IsSafeRelative(u) {
			t.Errorf("%q is called a safe relative URL", u)
		}
	}
}

func TestAdvisory_BA03_URLs_without_scheme_are_not_relative_paths(t *testing.T) {
	t.Parallel()
	for _, u := range []string{
		"//evil.example", `/\evil.example`, "/%5cevil.example", "/%2f%2fevil.example", "/\t/evil.example",
		"https:evil.example", "https:/evil.example", " https://evil.example",
	} {
		if IsSafeRelative(u) || (Set{mustCompile(t, "https://app.example")}).Match(u) {
			t.Errorf("%q is accepted", u)
		}
	}
}

func TestAdvisory_BA04_only_the_real_host_counts(t *testing.T) {
	t.Parallel()
	set := Set{mustCompile(t, "https://app.example"), mustCompile(t, "*.example.com")}
	for _, u := range []string{
		"https://app.example.evil.tld", "https://app.example@evil.tld", "https://evil.tld/.example.com",
		"https://evil.tld?.example.com", "https://evil.tld#.example.com", "https://exampleXcom", "http://app.example",
	} {
		if set.Match(u) {
			t.Errorf("%q is trusted", u)
		}
	}
	if !set.Match("https://a.b.example.com") {
		t.Error("a subdomain is not trusted")
	}
}

func TestSR_102_schemes_are_never_ignored(t *testing.T) {
	t.Parallel()
	if mustCompile(t, "https://app.example").Match("http://app.example") || mustCompile(t, "http://app.example").Match("https://app.example") {
		t.Error("the scheme is ignored")
	}
	if mustCompile(t, "**").Match("null") {
		t.Error("the null origin is trusted")
	}
}

func TestIsSafeRelative_accepts_paths_on_the_same_origin(t *testing.T) {
	t.Parallel()
	for _, u := range []string{
		"/", "/a", "/a b", "/a?x=%2f%5c", "/a#%2f", "/é", "/a:b", "/@x", "/./a", "/../a", "/a//b", "/%252f", "/%", "/%2", "/a?//x",
		"/a?next=https://evil.example", "/a+b!*()", "/?x", "/#x", "/a\u2028",
	} {
		if !IsSafeRelative(u) {
			t.Errorf("%q is refused", u)
		}
	}
}
