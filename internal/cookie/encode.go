package cookie

import (
	"strings"
	"unicode/utf8"
)

const upperHex = "0123456789ABCDEF"

// EncodeURIComponent percent-encodes s as the JavaScript function of that name
// does (ECMA-262, section 19.2.6.4): everything but letters, digits and
// - _ . ! ~ * ' ( ) becomes the %XX of its UTF-8 bytes. Invalid UTF-8, which has
// no counterpart there, is encoded as U+FFFD.
func EncodeURIComponent(s string) string {
	if plain(s) {
		return s
	}
	return string(appendEncoded(make([]byte, 0, len(s)+16), s))
}

func appendEncoded(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	for i := range len(s) {
		if c := s[i]; unreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&0xf])
		}
	}
	return b
}

func plain(s string) bool {
	for i := range len(s) {
		if !unreserved(s[i]) {
			return false
		}
	}
	return true
}

func unreserved(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-_.!~*'()", c) >= 0
}

// DecodeURIComponent undoes [EncodeURIComponent]. It reports false for a % that
// two hex digits do not follow, and for bytes that are not UTF-8.
func DecodeURIComponent(s string) (string, bool) {
	percent := strings.IndexByte(s, '%')
	if percent < 0 {
		return s, true
	}
	var text strings.Builder
	text.Grow(len(s))
	text.WriteString(s[:percent])
	for i := percent; i < len(s); i++ {
		if s[i] != '%' {
			text.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		high, low := unhex(s[i+1]), unhex(s[i+2])
		if high > 0xf || low > 0xf {
			return "", false
		}
		text.WriteByte(high<<4 | low)
		i += 2
	}
	if !utf8.ValidString(text.String()) {
		return "", false
	}
	return text.String(), true
}

// unhex returns the value of a hex digit, and 255 for any other byte.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
