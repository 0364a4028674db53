package smtp_test

import (
	"strings"
	"testing"

	"github.com/ostiary/ostiary/mail/smtp"
)

func TestNewNamesTheOptionThatIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*smtp.Options)
		want   string // the option; "" if all is well
	}{
		{"least", func(*smtp.Options) {}, ""},
		{"IPv6", func(o *smtp.Options) { o.Host = "2001:db8::1" }, ""},
		{"display name", func(o *smtp.Options) { o.From = "Acme, Inc. <no-reply@acme.example>" }, "From"},
		{"quoted display name", func(o *smtp.Options) { o.From = `"Acme, Inc." <no-reply@acme.example>` }, ""},
		{"no host", func(o *smtp.Options) { o.Host = "" }, "Host"},
		{"host with port", func(o *smtp.Options) { o.Host = "smtp.acme.example:587" }, "Host"},
		{"host with scheme", func(o *smtp.Options) { o.Host = "smtp://acme.example" }, "Host"},
		{"host with line break", func(o *smtp.Options) { o.Host = "a\r\nb" }, "Host"},
		{"port too high", func(o *smtp.Options) { o.Port = 65536 }, "Port"},
		{"port negative", func(o *smtp.Options) { o.Port = -1 }, "Port"},
		{"timeout negative", func(o *smtp.Options) { o.Timeout = -1 }, "Timeout"},
		{"local name with line break", func(o *smtp.Options) { o.LocalName = "me\r\nMAIL" }, "LocalName"},
		{"no sender", func(o *smtp.Options) { o.From = "" }, "From"},
		{"two senders", func(o *smtp.Options) { o.From = "a@acme.example, b@acme.example" }, "From"},
		{"sender with line break", func(o *smtp.Options) { o.From = "Acme\r\nBcc: x@y.example <a@acme.example>" }, "From"},
		{"encoded line break", func(o *smtp.Options) { o.From = "=?utf-8?q?a=0D=0Ab?= <a@acme.example>" }, "From"},
		{"quoted sender", func(o *smtp.Options) { o.From = `"a b"@acme.example` }, "From"},
		{"unknown TLS", func(o *smtp.Options) { o.TLS = "ssl" }, "TLS"},
		{"no TLS to others", func(o *smtp.Options) { o.TLS = smtp.NoTLS }, "TLS"},
		{"no TLS to others, allowed", func(o *smtp.Options) { o.TLS, o.AllowPlaintext = smtp.NoTLS, true }, ""},
		{"no TLS to this machine", func(o *smtp.Options) { o.TLS, o.Host = smtp.NoTLS, "localhost" }, ""},
		{"no TLS to 127.1.2.3", func(o *smtp.Options) { o.TLS, o.Host = smtp.NoTLS, "127.1.2.3" }, ""},
		{"no TLS to ::1", func(o *smtp.Options) { o.TLS, o.Host = smtp.NoTLS, "::1" }, ""},
		{"no TLS to localhost of others", func(o *smtp.Options) { o.TLS, o.Host = smtp.NoTLS, "localhost.acme.example" }, "TLS"},
		{"credentials without TLS", func(o *smtp.Options) {
			o.TLS, o.AllowPlaintext, o.Username, o.Password = smtp.NoTLS, true, "acme", password
		}, "Username"},
		{"user without password", func(o *smtp.Options) { o.Username = "acme" }, "Password"},
		{"password without user", func(o *smtp.Options) { o.Password = password }, "Username"},
		{"password with line end", func(o *smtp.Options) { o.Username, o.Password = "acme", password+"\n" }, "Password"},
		{"password with NUL", func(o *smtp.Options) { o.Username, o.Password = "acme", password+"\x00" }, "Password"},
		{"user with NUL", func(o *smtp.Options) { o.Username, o.Password = "ac\x00me", password }, "Username"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := smtp.Options{Host: "smtp.acme.example", From: "no-reply@acme.example"}
			test.change(&o)
			_, err := smtp.New(o)
			if test.want == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "smtp: "+test.want+": ") {
				t.Errorf("error %v, want one about %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("error %v shows the password", err)
			}
		})
	}
}
