package origin

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// glob is a compiled wildcard pattern, anchored at both ends and split at
// slashes. "*" stands for any run of characters within a segment, dots
// included, "?" for one of them, a segment "**" for any number of segments; a
// backslash takes the next character literally.
type glob []segment

// segment is what stands between two slashes: characters and wildcards.
type segment []rune

// Runes outside of Unicode stand for the wildcards.
const (
	anyRun  rune = -1
	anyOne  rune = -2
	anyPath rune = -3 // alone in its segment
)

var errDanglingEscape = errors.New("ends in a backslash that escapes nothing")

func hasWildcard(pattern string) bool { return strings.ContainsAny(pattern, "*?") }

func compileGlob(pattern string) (glob, error) {
	var compiled glob
	for text := range strings.SplitSeq(pattern, "/") {
		s, err := compileSegment(text)
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, s)
	}
	return compiled, nil
}

func compileSegment(text string) (segment, error) {
	if text == "**" {
		return segment{anyPath}, nil
	}
	var s segment
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			s, escaped = append(s, r), false
		case r == '\\':
			escaped = true
		case r == '*':
			s = append(s, anyRun)
		case r == '?':
			s = append(s, anyOne)
		default:
			s = append(s, r)
		}
	}
	if escaped {
		return nil, errDanglingEscape
	}
	return s, nil
}

func (s segment) isAnyPath() bool { return len(s) == 1 && s[0] == anyPath }

// match walks pattern and subject in step. On a mismatch it lets the latest
// "**" swallow one segment more; earlier ones never need to be tried again.
func (g glob) match(subject string) bool {
	if strings.IndexByte(subject, '\\') >= 0 {
		return false
	}
	next, at := 0, 0
	retry, retryAt := -1, 0
	for at <= len(subject) {
		if next < len(g) && g[next].isAnyPath() {
			next++
			retry, retryAt = next, at
			continue
		}
		end := segmentEnd(subject, at)
		if next < len(g) && g[next].match(subject[at:end]) {
			next++
			at = end + 1
			continue
		}
		if retry < 0 {
			return false
		}
		retryAt = segmentEnd(subject, retryAt) + 1
		next, at = retry, retryAt
	}
	for next < len(g) && g[next].isAnyPath() {
		next++
	}
	return next == len(g)
}

func segmentEnd(s string, at int) int {
	if slash := strings.IndexByte(s[at:], '/'); slash >= 0 {
		return at + slash
	}
	return len(s)
}

// match is the same walk, with "*" and characters.
func (s segment) match(subject string) bool {
	next, at := 0, 0
	retry, retryAt := -1, 0
	for at < len(subject) {
		if next < len(s) && s[next] == anyRun {
			next++
			retry, retryAt = next, at
			continue
		}
		r, size := utf8.DecodeRuneInString(subject[at:])
		if next < len(s) && (s[next] == r || s[next] == anyOne) {
			next++
			at += size
			continue
		}
		if retry < 0 {
			return false
		}
		_, size = utf8.DecodeRuneInString(subject[retryAt:])
		retryAt += size
		next, at = retry, retryAt
	}
	for next < len(s) && s[next] == anyRun {
		next++
	}
	return next == len(s)
}
