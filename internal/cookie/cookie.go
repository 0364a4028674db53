// Package cookie reads Cookie headers and writes Set-Cookie headers (RFC
// 6265bis) with the rules of Better Auth 1.7, among them values that are spread
// over several cookies.
package cookie

import (
	"iter"
	"strings"
)

// Definition is a cookie that the program sets: its final name, with prefixes,
// and its attributes.
type Definition struct {
	// Name, an RFC 7230 token.
	Name string
	// Attributes with which it is set and deleted.
	Attributes
}

// Get returns the value of the first cookie of that name in the Cookie headers.
// A value that begins with a quotation mark loses its first and last character;
// one with a percent sign is decoded if it decodes cleanly.
func Get(headers []string, name string) (value string, ok bool) {
	for _, header := range headers {
		for key, value := range pairs(header) {
			if key == name {
				return decode(unquote(value)), true
			}
		}
	}
	return "", false
}

// pairs yields the names and values of a Cookie header, trimmed. Parts without
// an equals sign or a name are left out.
func pairs(header string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for rest := header; rest != ""; {
			var part string
			part, rest, _ = strings.Cut(rest, ";")
			name, value, found := strings.Cut(part, "=")
			name = strings.TrimSpace(name)
			if !found || name == "" {
				continue
			}
			if !yield(name, strings.TrimSpace(value)) {
				return
			}
		}
	}
}

func unquote(value string) string {
	if value == "" || value[0] != '"' {
		return value
	}
	if len(value) == 1 {
		return ""
	}
	return value[1 : len(value)-1]
}

func decode(value string) string {
	if decoded, ok := DecodeURIComponent(value); ok {
		return decoded
	}
	return value
}
