package jstext

import (
	"bytes"
	"errors"
)

// ErrNotObject reports text that is not one JSON object.
var ErrNotObject = errors.New("not a JSON object")

// maxDepth bounds the nesting that [Members] follows.
const maxDepth = 256

// Members walks the members of one JSON object in the order of its text,
// without allocating and without decoding anything:
//
//	for m := jstext.MembersOf(text); m.Next(); {
//		m.Key(), m.Value()
//	}
//
// It looks no further into a value than is needed to find its end, so a value
// may still turn out to be malformed when it is decoded. A repeated key is
// reported each time.
type Members struct {
	text       []byte
	pos        int
	started    bool
	ended      bool
	key, value []byte
	valueAt    int
	err        error
}

// MembersOf returns a walk over the object text, before its first member.
func MembersOf(text []byte) Members { return Members{text: text} }

// Next moves to the next member. It returns false at the end of the object and
// at malformed text; [Members.Err] tells the two apart.
func (m *Members) Next() bool {
	if m.ended || !m.enter() {
		return false
	}
	start := m.pos
	if !m.skipString() {
		return m.fail()
	}
	m.key = m.text[start+1 : m.pos-1]
	m.skipSpace()
	if !m.accept(':') {
		return m.fail()
	}
	m.skipSpace()
	start = m.pos
	if !m.skipValue() {
		return m.fail()
	}
	m.value, m.valueAt = m.text[start:m.pos], start
	return true
}

// Key returns the text between the quotation marks of the current member's key,
// its escapes left as they are.
func (m *Members) Key() []byte { return m.key }

// Value returns the text of the current member's value.
func (m *Members) Value() []byte { return m.value }

// Span returns where the current member's value is in the text of the object.
func (m *Members) Span() (start, end int) { return m.valueAt, m.valueAt + len(m.value) }

// Err returns [ErrNotObject] when the walk ended at malformed text.
func (m *Members) Err() error { return m.err }

// enter moves to the quotation mark of the next key, or returns false at the
// end of the object.
func (m *Members) enter() bool {
	m.skipSpace()
	if !m.started {
		m.started = true
		if !m.accept('{') {
			return m.fail()
		}
		m.skipSpace()
		if m.accept('}') {
			return m.end()
		}
		return true
	}
	if m.accept('}') {
		return m.end()
	}
	if !m.accept(',') {
		return m.fail()
	}
	m.skipSpace()
	return true
}

// end makes sure that nothing follows the object.
func (m *Members) end() bool {
	m.skipSpace()
	if m.pos != len(m.text) {
		return m.fail()
	}
	m.ended = true
	return false
}

func (m *Members) fail() bool {
	m.ended, m.err = true, ErrNotObject
	m.key, m.value = nil, nil
	return false
}

func (m *Members) skipSpace() {
	for m.pos < len(m.text) {
		switch m.text[m.pos] {
		case ' ', '\t', '\n', '\r':
			m.pos++
		default:
			return
		}
	}
}

func (m *Members) accept(c byte) bool {
	if m.pos < len(m.text) && m.text[m.pos] == c {
		m.pos++
		return true
	}
	return false
}

func (m *Members) skipString() bool {
	if !m.accept('"') {
		return false
	}
	for {
		n := bytes.IndexByte(m.text[m.pos:], '"')
		if n < 0 {
			return false
		}
		m.pos += n + 1
		if !escaped(m.text[:m.pos-1], n) {
			return true
		}
	}
}

// escaped tells whether what follows text is escaped: whether an odd number of
// backslashes ends its last n bytes.
func escaped(text []byte, n int) bool {
	odd := false
	for i := len(text) - 1; n > 0 && text[i] == '\\'; i, n = i-1, n-1 {
		odd = !odd
	}
	return odd
}

func (m *Members) skipValue() bool {
	if m.pos == len(m.text) {
		return false
	}
	switch c := m.text[m.pos]; c {
	case '"':
		return m.skipString()
	case '{', '[':
		return m.skipNested()
	default:
		return m.skipLiteral()
	}
}

// skipNested moves behind the object or array that starts here.
func (m *Members) skipNested() bool {
	var closers [maxDepth]byte
	depth := 0
	for m.pos < len(m.text) {
		switch c := m.text[m.pos]; c {
		case '"':
			if !m.skipString() {
				return false
			}
			continue
		case '{', '[':
			if depth == maxDepth {
				return false
			}
			closers[depth] = c + 2 // '{' + 2 is '}', '[' + 2 is ']'
			depth++
		case '}', ']':
			depth--
			if c != closers[depth] { //nolint:gosec // G602: text begins with an opening bracket, so depth is at least 0 here
				return false
			}
			if depth == 0 {
				m.pos++
				return true
			}
		}
		m.pos++
	}
	return false
}

// skipLiteral moves behind a number, true, false or null.
func (m *Members) skipLiteral() bool {
	start := m.pos
	for m.pos < len(m.text) {
		c := m.text[m.pos]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E') {
			break
		}
		m.pos++
	}
	return m.pos > start
}
