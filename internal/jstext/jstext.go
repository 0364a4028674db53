// Package jstext writes JSON text exactly as JavaScript's JSON.stringify does
// (ECMA-262, section 25.5.2), and walks the members of such text without
// decoding it.
//
// Signed formats of Better Auth sign JSON text that the verifier prints again
// before it checks the signature, so a writer has to agree with JavaScript on
// every byte: no whitespace, no HTML escaping, members in insertion order and
// dates with exactly three decimals.
package jstext

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

const lowerHex = "0123456789abcdef"

// AppendString appends s to b as a JSON string. Only the quotation mark, the
// backslash and control characters are escaped. Invalid UTF-8, which a
// JavaScript string cannot hold, becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	plain := 0 // start of the text that is yet to be copied
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[plain:i]...)
				b = utf8.AppendRune(b, utf8.RuneError)
				plain = i + size
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			b = append(b, s[plain:i]...)
			b = appendEscape(b, c)
			plain = i + 1
		}
		i++
	}
	b = append(b, s[plain:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\t':
		return append(b, '\\', 't')
	case '\n':
		return append(b, '\\', 'n')
	case '\f':
		return append(b, '\\', 'f')
	case '\r':
		return append(b, '\\', 'r')
	default:
		return append(b, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&0xf])
	}
}

// TimeLayout is the layout of Date.prototype.toISOString for the years 0 to
// 9999, for times in UTC.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// FormatTime returns t as Date.prototype.toISOString prints it: UTC, three
// decimals, six signed digits for years outside 0 to 9999. Anything finer than
// a millisecond is cut off.
func FormatTime(t time.Time) string { return string(appendISO(nil, t)) }

// AppendTime appends t, printed by the rule of [FormatTime], as a JSON string.
func AppendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = appendISO(b, t)
	return append(b, '"')
}

func appendISO(b []byte, t time.Time) []byte {
	t = t.UTC()
	year := t.Year()
	if year >= 0 && year <= 9999 {
		return appendDigits(b, t, year)
	}
	sign := byte('+')
	if year < 0 {
		sign, year = '-', -year
	}
	b = append(b, sign)
	b = fmt.Appendf(b, "%06d", year)
	return t.AppendFormat(b, "-01-02T15:04:05.000Z")
}

// appendDigits appends a time in UTC by [TimeLayout], in a third of the time that
// looking at the layout takes.
func appendDigits(b []byte, t time.Time, year int) []byte {
	_, month, day := t.Date()
	hour, minute, second := t.Clock()
	millis := t.Nanosecond() / 1e6
	return append(
		b,
		digit(year/1000), digit(year/100), digit(year/10), digit(year), '-',
		digit(int(month)/10), digit(int(month)), '-', digit(day/10), digit(day), 'T',
		digit(hour/10), digit(hour), ':', digit(minute/10), digit(minute), ':', digit(second/10), digit(second), '.',
		digit(millis/100), digit(millis/10), digit(millis), 'Z',
	)
}

// digit returns the last digit of n as text.
func digit(n int) byte { return byte('0' + n%10) }

// Append appends the JSON text of v. Strings, booleans, integers, nil,
// [time.Time] and [json.RawMessage] (taken as it is) are written directly;
// everything else by encoding/json, its output corrected where it differs from
// JavaScript's. Times inside such values are the one thing that is not
// corrected: give them a string field made by [FormatTime].
func Append(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return AppendString(b, v), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case time.Time:
		return AppendTime(b, v), nil
	case json.RawMessage:
		return append(b, v...), nil
	default:
		return appendEncoded(b, v)
	}
}

func appendEncoded(b []byte, v any) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return b, fmt.Errorf("encode JSON: %w", err)
	}
	return appendUnescaped(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))), nil
}

// appendUnescaped copies the output of encoding/json, writing the three
// characters literally that it escapes and JavaScript does not.
func appendUnescaped(b, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b = append(b, text[i])
			continue
		}
		if r := literalOf(text[i:]); r != 0 {
			b = utf8.AppendRune(b, r)
			i += len(`\u2028`) - 1
			continue
		}
		b = append(b, text[i], text[i+1])
		i++
	}
	return b
}

func literalOf(escape []byte) rune {
	switch {
	case bytes.HasPrefix(escape, []byte(`\u2028`)):
		return '\u2028'
	case bytes.HasPrefix(escape, []byte(`\u2029`)):
		return '\u2029'
	case bytes.HasPrefix(escape, []byte(`\ufffd`)):
		return utf8.RuneError
	}
	return 0
}
