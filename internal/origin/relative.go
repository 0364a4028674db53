package origin

import "strings"

// IsSafeRelative reports whether url is relative to the root of its origin and
// cannot leave that origin, however it is read: it begins with a single slash,
// holds no backslash or control character anywhere and no encoded slash or
// backslash before the query. Nor may it combine dot segments with double
// slashes, because "/..//evil.example" resolves to "//evil.example", which
// leaves the origin when it is resolved once more.
//
// The empty string, "a", "./a" and "?a" are not safe in this sense.
func IsSafeRelative(url string) bool {
	if !strings.HasPrefix(url, "/") || strings.HasPrefix(url, "//") {
		return false
	}
	if !isClean(url) || strings.IndexByte(url, '\\') >= 0 {
		return false
	}
	path := url
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	if hasEncodedSlash(path) {
		return false
	}
	return !strings.Contains(path, "//") || !hasDotSegment(path)
}

func hasEncodedSlash(path string) bool {
	for i := strings.IndexByte(path, '%'); i >= 0 && i+2 < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		high, low := path[i+1], path[i+2]|0x20
		if high == '2' && low == 'f' || high == '5' && low == 'c' {
			return true
		}
	}
	return false
}

// hasDotSegment knows that browsers take %2e for a dot here.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		dots := strings.ReplaceAll(strings.ReplaceAll(segment, "%2e", "."), "%2E", ".")
		if dots == "." || dots == ".." {
			return true
		}
	}
	return false
}
