package mail_test

import (
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/mail"
)

func validAddresses() []string {
	return []string{
		"a@b.co", "ada@example.com", "Ada.Lovelace+tag@Mail.Example.COM", "o'neil@example.com", "a_b-c=d@x-y.example",
		"ada@xn--bcher-kva.example", "ada@example.xn--p1ai", "1@1.example",
		strings.Repeat("a", 64) + "@example.com",
		"a@" + strings.Repeat("b", 63) + ".example",
		strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 62)+".", 3)[:187] + "xx", // 254 characters
	}
}

func invalidAddresses() map[string]string {
	return map[string]string{
		"empty":                    "",
		"no at":                    "ada.example.com",
		"no local part":            "@example.com",
		"no domain":                "ada@",
		"two mailboxes, comma":     "a@evil.example,v@corp.example",
		"two mailboxes, semicolon": "a@evil.example;v@corp.example",
		"two mailboxes, space":     "a@evil.example v@corp.example",
		"two at signs":             "a@b@example.com",
		"display name":             "Ada <ada@example.com>",
		"angle brackets":           "<ada@example.com>",
		"markup":                   `v@x.example,<a href="https://evil.example">`,
		"quoted local part":        `"ada"@example.com`,
		"quoted other mailbox":     `"v@corp.example x"@evil.example`,
		"quoted at":                `"a@b"@c.example`,
		"comment":                  "ada(v@corp.example)@example.com",
		"full-width at":            "v＠corp.example@evil.example",
		"small at":                 "v﹫corp.example",
		"ideographic full stop":    "v@corp。example",
		"beyond ASCII, local":      "ädä@example.com",
		"beyond ASCII, domain":     "ada@bücher.example",
		"zero-width space":         "ada\u200b@example.com",
		"not UTF-8":                "ada\xff@example.com",
		"CR LF":                    "ada@example.com\r\nBcc: v@corp.example",
		"LF at the end":            "ada@example.com\n",
		"NUL":                      "ada@example.com\x00",
		"tab":                      "ada\t@example.com",
		"leading space":            " ada@example.com",
		"backslash":                `a\b@example.com`,
		"percent route":            "v%corp.example@evil.example",
		"bang route":               "corp!v@evil.example",
		"pipe":                     "|sh@example.com",
		"slash":                    "a/b@example.com",
		"backquote":                "a`b@example.com",
		"leading dot":              ".ada@example.com",
		"trailing dot":             "ada.@example.com",
		"two dots":                 "a..b@example.com",
		"address literal":          "ada@[127.0.0.1]",
		"IP address":               "ada@127.0.0.1",
		"local host":               "ada@localhost",
		"dot after domain":         "ada@example.com.",
		"dot before domain":        "ada@.example.com",
		"empty label":              "ada@example..com",
		"leading hyphen":           "ada@-example.com",
		"trailing hyphen":          "ada@example-.com",
		"underscore":               "ada@ex_ample.com",
		"short last label":         "ada@example.c",
		"port":                     "ada@example.com:25",
		"long local part":          strings.Repeat("a", 65) + "@example.com",
		"long label":               "a@" + strings.Repeat("b", 64) + ".example",
		"long":                     "a@" + strings.Repeat("b.", 130) + "example",
	}
}

func TestValidAddressAcceptsPlainMailboxes(t *testing.T) {
	t.Parallel()
	for _, s := range validAddresses() {
		if !mail.ValidAddress(s) {
			t.Errorf("%q is refused", s)
		}
	}
}

func TestValidAddressRefusesEverythingElse(t *testing.T) {
	t.Parallel()
	for name, s := range invalidAddresses() {
		if mail.ValidAddress(s) {
			t.Errorf("%s: %q is accepted", name, s)
		}
	}
}

// Whatever is valid here must be one mailbox, and the same one, to a mail library.
func FuzzValidAddress(f *testing.F) {
	for _, s := range validAddresses() {
		f.Add(s)
	}
	for _, s := range invalidAddresses() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !mail.ValidAddress(s) {
			return
		}
		list, err := netmail.ParseAddressList(s)
		if err != nil || len(list) != 1 || list[0].Address != s || list[0].Name != "" {
			t.Errorf("%q is valid, but is read as %v, %v", s, list, err)
		}
		if strings.Count(s, "@") != 1 || strings.ContainsAny(s, "<>,;: \t\r\n\"\\()[]%!|/`") {
			t.Errorf("%q is valid", s)
		}
	})
}

func BenchmarkValidAddress(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if !mail.ValidAddress("ada.lovelace+tag@mail.example.com") {
			b.Fatal("refused")
		}
	}
}
