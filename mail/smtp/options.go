package smtp

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ostiary/ostiary/mail"
)

// TLSMode says how the connection to the server is encrypted.
type TLSMode string

const (
	// StartTLS begins in plain text and switches to TLS before anything else is
	// said (RFC 3207). A server that does not offer the switch is refused, so that
	// nobody on the path can strip it. This is the default.
	StartTLS TLSMode = "starttls"
	// ImplicitTLS speaks TLS from the first byte (RFC 8314 section 3.3).
	ImplicitTLS TLSMode = "implicit"
	// NoTLS sends in plain text. It is accepted only for a server on this machine,
	// unless AllowPlaintext is set.
	NoTLS TLSMode = "none"
)

const (
	defaultTimeout = 10 * time.Second
	submissionPort = 587 // RFC 6409
	implicitPort   = 465 // RFC 8314 section 7.3
)

// Options describe the mail server and how to talk to it. Host and From are
// required. However Options are printed, the password is not.
type Options struct {
	// Host is the name or IP address of the server. Its certificate must be valid
	// for it. Required.
	Host string
	// Port is the TCP port. Default 587, with ImplicitTLS 465.
	Port int
	// Username and Password sign in to the server (AUTH PLAIN or LOGIN, RFC 4954).
	// Default empty: no sign-in. They are never sent in plain text to another machine.
	Username, Password string
	// From is the sender, as an address or with a display name:
	// "Acme <no-reply@acme.example>". The address must satisfy [mail.ValidAddress].
	// Required.
	From string
	// TLS is how the connection is encrypted. Default [StartTLS].
	TLS TLSMode
	// RootCAs are the authorities that may have signed the server's certificate.
	// Default nil: those of the system.
	RootCAs *x509.CertPool
	// AllowPlaintext permits [NoTLS] to another machine. Unsafe: everyone on the
	// path can read every link and every code, and so enter every account. Not
	// together with Username.
	AllowPlaintext bool
	// Timeout is the time for one message from dialling to acceptance. Default 10 s.
	// A context that ends earlier wins.
	Timeout time.Duration
	// LocalName is the name this machine gives in its greeting (RFC 5321 section
	// 4.1.1.1). Default: its host name if that is a plain one, or else "localhost".
	LocalName string
}

// Format prints o without its password, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "smtp.Options{Host:%q Port:%d Username:%q From:%q TLS:%q}",
		o.Host, o.Port, o.Username, o.From, o.TLS)
}

// LogValue logs o without its password.
func (o Options) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprint(o))
}

// withDefaults fills in what was left zero.
func (o Options) withDefaults() Options {
	if o.TLS == "" {
		o.TLS = StartTLS
	}
	if o.Port == 0 && o.TLS == ImplicitTLS {
		o.Port = implicitPort
	}
	if o.Port == 0 {
		o.Port = submissionPort
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.LocalName == "" {
		o.LocalName = localName()
	}
	return o
}

// validate checks o after withDefaults. Errors name the option and, for the
// credentials, never the value.
func (o Options) validate() error {
	if !validHost(o.Host) {
		return fmt.Errorf("Host: %q is neither a host name nor an IP address", o.Host)
	}
	if o.Port < 1 || o.Port > 65535 {
		return fmt.Errorf("Port: %d is not between 1 and 65535", o.Port)
	}
	if o.Timeout < 0 {
		return fmt.Errorf("Timeout: %v is negative", o.Timeout)
	}
	if !validHost(o.LocalName) {
		return fmt.Errorf("LocalName: %q is neither a host name nor an IP address", o.LocalName)
	}
	if err := o.validateTLS(); err != nil {
		return err
	}
	return o.validateCredentials()
}

func (o Options) validateTLS() error {
	switch o.TLS {
	case StartTLS, ImplicitTLS:
		return nil
	case NoTLS:
		if !o.AllowPlaintext && !isLoopbackHost(o.Host) {
			return fmt.Errorf("TLS: %q is for a server on this machine; see AllowPlaintext", o.TLS)
		}
		return nil
	default:
		return fmt.Errorf("TLS: %q is none of %q, %q, %q", o.TLS, StartTLS, ImplicitTLS, NoTLS)
	}
}

func (o Options) validateCredentials() error {
	if o.Username == "" && o.Password != "" {
		return errors.New("Username: missing, but there is a Password")
	}
	if o.Username != "" && o.Password == "" {
		return errors.New("Password: missing, but there is a Username")
	}
	if !validCredential(o.Username) {
		return errors.New("Username: contains a control character or is not UTF-8")
	}
	if !validCredential(o.Password) {
		return errors.New("Password: contains a control character or is not UTF-8")
	}
	if o.Username != "" && o.TLS == NoTLS && !isLoopbackHost(o.Host) {
		return errors.New("Username: credentials are never sent to another machine without TLS")
	}
	return nil
}

// validCredential refuses NUL, which separates the fields of AUTH PLAIN (RFC 4616),
// and with it every other control character: a line break at the end of a password
// comes from a file, and is worth an error that says so.
func validCredential(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func parseFrom(s string) (*netmail.Address, error) {
	from, err := netmail.ParseAddress(s)
	if err != nil || !mail.ValidAddress(from.Address) {
		return nil, fmt.Errorf("From: %w", mail.ErrAddress)
	}
	if strings.ContainsFunc(from.Name, unicode.IsControl) {
		return nil, errors.New("From: display name contains a control character")
	}
	return from, nil
}

// validHost accepts IP addresses and names of letters, digits, dots, hyphens and
// the underscores of container networks. A port, a scheme or a path does not pass.
func validHost(s string) bool {
	if net.ParseIP(s) != nil {
		return true
	}
	if s == "" || len(s) > 253 || s[0] == '-' || s[0] == '.' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r)
	})
}

// isLoopbackHost reports whether s names this machine. Where the name "localhost"
// really leads is checked again once the connection stands.
func isLoopbackHost(s string) bool {
	ip := net.ParseIP(s)
	return strings.EqualFold(s, "localhost") || ip != nil && ip.IsLoopback()
}

func localName() string {
	name, err := os.Hostname()
	if err != nil || !validHost(name) {
		return "localhost"
	}
	return name
}
