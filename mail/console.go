package mail

import (
	"context"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Console is a [Sender] for development: it writes each message in a readable form
// and delivers nothing. Links stand on lines of their own, so that a terminal makes
// them clickable.
//
// Never use it in production: whoever reads its output can reset every password.
type Console struct {
	mu sync.Mutex
	w  io.Writer
}

var _ Sender = (*Console)(nil)

// NewConsole returns a Console that writes to w. It is safe for concurrent use:
// each message is one call of w.Write.
func NewConsole(w io.Writer) *Console {
	return &Console{w: w}
}

// Send writes m. It returns the error of [Message.Validate], so that a message that
// a real sender would refuse is refused in development as well, the error of an
// ended ctx, or the error of the writer.
func (c *Console) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("print mail: %w", err)
	}
	if err := m.Validate(); err != nil {
		return fmt.Errorf("print mail: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := io.WriteString(c.w, printable(m)); err != nil {
		return fmt.Errorf("print mail: %w", err)
	}
	return nil
}

// printable is the message as Console shows it.
func printable(m Message) string {
	body, links := m.Text, inlineLinks(m.Text)
	if body == "" {
		body, links = m.HTML, hiddenLinks(m.HTML)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "---- mail ----\nTo: %s\nSubject: %s\n\n", m.To, m.Subject)
	b.WriteString(strings.TrimSpace(withoutControls(body)))
	for _, link := range links {
		b.WriteString("\n\n" + withoutControls(link))
	}
	b.WriteString("\n---- end ----\n")
	return b.String()
}

// withoutControls drops what could move the cursor or recolour a terminal.
func withoutControls(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// inlineLinks returns the links that share their line with other words.
func inlineLinks(text string) []string {
	var links []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		links = append(links, linksAmong(words)...)
	}
	return links
}

// hiddenLinks returns the links of an HTML form, each once.
func hiddenLinks(source string) []string {
	words := strings.FieldsFunc(source, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`<>"'`, r)
	})
	for i := range words {
		words[i] = html.UnescapeString(words[i])
	}
	return slices.Compact(linksAmong(words))
}

func linksAmong(words []string) []string {
	var links []string
	for _, word := range words {
		if strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://") {
			links = append(links, word)
		}
	}
	return links
}
