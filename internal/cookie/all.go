package cookie

import "iter"

// All yields the names and values of the cookies in Cookie headers, in their
// order, with values decoded as [Get] does.
func All(headers []string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, header := range headers {
			for name, value := range pairs(header) {
				if !yield(name, decode(unquote(value))) {
					return
				}
			}
		}
	}
}
