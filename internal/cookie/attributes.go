package cookie

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxAge is the Max-Age attribute. Its zero value is no such attribute: the
// cookie ends with the browser session. Use [Seconds] for any other, 0 included.
type MaxAge struct {
	seconds int64
	set     bool
}

// Seconds returns the lifetime of n seconds. A negative n means no attribute.
func Seconds(n int64) MaxAge {
	if n < 0 {
		return MaxAge{}
	}
	return MaxAge{seconds: n, set: true}
}

// For returns the lifetime of d, cut to whole seconds. A negative d means no
// attribute.
func For(d time.Duration) MaxAge {
	if d < 0 {
		return MaxAge{}
	}
	return Seconds(int64(d / time.Second))
}

// Get returns the seconds, and whether there is such an attribute.
func (m MaxAge) Get() (seconds int64, ok bool) { return m.seconds, m.set }

// Attributes of a cookie (RFC 6265bis, section 5.6). The zero value is a cookie
// for the browser session, this host and the request's path, readable by
// scripts.
type Attributes struct {
	// MaxAge is the lifetime, at most 400 days. Default none.
	MaxAge MaxAge
	// Domain, when set, makes the cookie visible to its subdomains too.
	Domain string
	// Path below which the cookie is sent.
	Path string
	// Expires, when set, is at most 400 days from now. MaxAge outranks it.
	Expires time.Time
	// HTTPOnly hides the cookie from scripts.
	HTTPOnly bool
	// Secure keeps the cookie off plain HTTP.
	Secure bool
	// SameSite is lax, strict, none (in any case), or empty for no attribute.
	SameSite string
	// Partitioned gives the cookie a jar for each top-level site (CHIPS).
	Partitioned bool
}

// Prefixes of names that bind a browser (RFC 6265bis, section 4.1.3).
const (
	SecurePrefix = "__Secure-"
	HostPrefix   = "__Host-"
)

// maxLifetime is the longest life that browsers grant, and the longest that is
// sent.
const maxLifetime = 400 * 24 * time.Hour

var (
	errName     = errors.New("the name of a cookie is an RFC 7230 token")
	errLifetime = errors.New("a cookie lives for at most 400 days (34560000 seconds)")
	errSameSite = errors.New("SameSite is lax, strict or none")
)

// effective returns the attributes as they are sent for a cookie of this name,
// some of which the name or another attribute forces.
func (a Attributes) effective(name string) Attributes {
	if hasPrefixFold(name, HostPrefix) {
		a.Secure, a.Path, a.Domain = true, "/", ""
	}
	if hasPrefixFold(name, SecurePrefix) || a.Partitioned || strings.EqualFold(a.SameSite, "none") {
		a.Secure = true
	}
	return a
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// check refuses what a browser would not keep, and what would let a value
// escape from its attribute.
func (a Attributes) check(now time.Time) error {
	if a.MaxAge.seconds > int64(maxLifetime/time.Second) || a.Expires.Sub(now) > maxLifetime {
		return errLifetime
	}
	if sameSite(a.SameSite) == "" && a.SameSite != "" {
		return errSameSite
	}
	if !attributeText(a.Domain) {
		return errors.New("the Domain of a cookie has no semicolon and no character outside printable ASCII")
	}
	if !attributeText(a.Path) {
		return errors.New("the Path of a cookie has no semicolon and no character outside printable ASCII")
	}
	return nil
}

func attributeText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ';' {
			return false
		}
	}
	return true
}

// sameSite returns the value as it is sent, or nothing for an unknown one.
func sameSite(s string) string {
	for _, known := range [...]string{"Lax", "Strict", "None"} {
		if strings.EqualFold(s, known) {
			return known
		}
	}
	return ""
}

// Serialize returns a Set-Cookie line. The value is percent-encoded by
// [EncodeURIComponent]. The names __Secure- and __Host- (in any case),
// SameSite=None and Partitioned force Secure; __Host- also forces Path=/ and no
// Domain. It fails for a name that is no token, for a life of more than 400 days
// counted from now, and for attributes that cannot be sent.
func Serialize(name, value string, a Attributes, now time.Time) (string, error) {
	if !isToken(name) {
		return "", fmt.Errorf("serialise cookie: %w", errName)
	}
	if err := a.check(now); err != nil {
		return "", fmt.Errorf("serialise cookie %q: %w", name, err)
	}
	b := make([]byte, 0, len(name)+len(value)+128)
	b = append(b, name...)
	b = append(b, '=')
	b = appendEncoded(b, value)
	return string(a.effective(name).append(b)), nil
}

// SerializeDeletion returns the Set-Cookie line that makes a browser forget the
// cookie with these attributes. It fails as [Serialize] does.
func SerializeDeletion(name string, a Attributes, now time.Time) (string, error) {
	a.MaxAge, a.Expires = Seconds(0), time.Time{}
	return Serialize(name, "", a, now)
}

func (a Attributes) append(b []byte) []byte {
	if a.MaxAge.set {
		b = fmt.Appendf(b, "; Max-Age=%d", a.MaxAge.seconds)
	}
	if a.Domain != "" {
		b = append(append(b, "; Domain="...), a.Domain...)
	}
	if a.Path != "" {
		b = append(append(b, "; Path="...), a.Path...)
	}
	if !a.Expires.IsZero() {
		b = a.Expires.UTC().AppendFormat(append(b, "; Expires="...), "Mon, 02 Jan 2006 15:04:05 GMT")
	}
	if a.HTTPOnly {
		b = append(b, "; HttpOnly"...)
	}
	if a.Secure {
		b = append(b, "; Secure"...)
	}
	if a.SameSite != "" {
		b = append(append(b, "; SameSite="...), sameSite(a.SameSite)...)
	}
	if a.Partitioned {
		b = append(b, "; Partitioned"...)
	}
	return b
}

// isToken tells whether s is an RFC 7230 token.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
