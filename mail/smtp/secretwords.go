package smtp

import (
	"html"
	"strings"
	"unicode"

	"github.com/ostiary/ostiary/mail"
)

const (
	// minSecret is the shortest word worth hiding, in bytes.
	minSecret = 4
	// minRun is how many bytes of a long secret a reply may not repeat.
	minRun = 6
)

// secretWords returns what in m may be a link or a code: the words with a digit or
// a slash, which also distinguishes them from words that merely occur in both a
// letter and a reply.
func secretWords(m mail.Message) []string {
	var secrets []string
	add := func(text string, separates func(rune) bool) {
		for word := range strings.FieldsFuncSeq(text, separates) {
			if len(word) >= minSecret && strings.ContainsAny(word, "0123456789/") {
				secrets = append(secrets, word)
			}
		}
	}
	add(m.Subject, unicode.IsSpace)
	add(m.Text, unicode.IsSpace)
	if m.Text == "" {
		add(html.UnescapeString(m.HTML), func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune(`<>"'`, r)
		})
	}
	return secrets
}

// repeats reports whether word has enough of secret in it to tell it: all of a
// short one, or a run of a long one, however the server has cut or wrapped it.
func repeats(word, secret string) bool {
	run := min(minRun, len(secret))
	for i := range len(secret) - run + 1 {
		if strings.Contains(word, secret[i:i+run]) {
			return true
		}
	}
	return false
}
