package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name a greeting shows, in characters.
const maxName = 50

// greetingName returns s if it can be nothing but a name, and "" otherwise.
//
// A letter carries the sender's good reputation to an address that a stranger
// chose; if the stranger could also choose words for it, with a link or a telephone
// number among them, every sign-up form would be a free advertising service. Hence
// no digits, no signs, and no full stop inside a word, which mail programs turn
// into a link.
func greetingName(s string) string {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName {
		return ""
	}
	for i, r := range s {
		if !nameRune(r) || r == '.' && !endsWord(s[i+1:]) {
			return ""
		}
	}
	return s
}

func nameRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || strings.ContainsRune(" '’-.", r)
}

func endsWord(rest string) bool {
	return rest == "" || rest[0] == ' '
}
