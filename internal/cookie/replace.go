package cookie

import "strings"

// Replace returns a Cookie header with one cookie of a name: that of the given
// value, which is percent-encoded. The other cookies stay as they are.
func Replace(headers []string, name, value string) string {
	var b strings.Builder
	for _, header := range headers {
		for other, text := range pairs(header) {
			if other != name {
				b.WriteString(other + "=" + text + "; ")
			}
		}
	}
	b.WriteString(name + "=" + EncodeURIComponent(value))
	return b.String()
}
