package mail

import (
	"html"
	"slices"
	"strings"
	"unicode"
)

const (
	// maxReason is the longest text that [Message.Redact] returns, in bytes, and
	// maxCleaned how much of one it looks at.
	maxReason  = 300
	maxCleaned = 4096
	// minSecret is the shortest word worth hiding, in bytes.
	minSecret = 4
	// minRun is how many bytes of a long secret a reply may not repeat.
	minRun = 6
)

const redacted = "[redacted]"

// Redact makes one short line of what somebody said about m, such as the answer of
// a mail server, and cuts out the recipient and what could be a link or a code of m.
// They do get repeated: a spam filter quotes the link that it does not like, which
// is a key to an account.
func (m Message) Redact(text string) string {
	text = text[:min(len(text), maxCleaned)]
	secrets := m.secretWords()
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	for i, word := range words {
		if m.To != "" && strings.Contains(strings.ToLower(word), strings.ToLower(m.To)) || slices.ContainsFunc(secrets, func(secret string) bool { return repeats(word, secret) }) {
			words[i] = redacted
		}
	}
	line := strings.ToValidUTF8(strings.Join(words, " "), "?")
	if len(line) > maxReason {
		line = strings.ToValidUTF8(line[:maxReason], "") + "…"
	}
	return line
}

// secretWords returns what in m may be a link or a code: the words with a digit or
// a slash, which also distinguishes them from words that merely occur in both a
// letter and a reply.
func (m Message) secretWords() []string {
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
