package sessioncache

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/jstext"
	"github.com/ostiary/ostiary/internal/secret"
)

// maxText bounds a cache to what a hundred cookies can hold.
const maxText = 512 << 10

// The text of a compact cache is always
//
//	{"session":PAYLOAD,"expiresAt":E,"signature":"S"}
//
// and S signs the payload with `,"expiresAt":E` before its closing brace. E is
// in milliseconds since 1970.
const (
	compactOpen      = `{"session":`
	compactExpiry    = `,"expiresAt":`
	compactSignature = `,"signature":"`
	compactClose     = `"}`
)

var signatureEncoding = base64.RawURLEncoding.Strict()

const signatureLen = 43 // 32 bytes in base64url without padding

func encodeCompact(keys *secret.Keyring, p Payload, ttl time.Duration, now time.Time) string {
	payload := p.appendJSON(make([]byte, 0, len(p.Session)+len(p.User)+128))
	expiry := strconv.AppendInt([]byte(compactExpiry), now.Add(ttl).UnixMilli(), 10)
	mac := keys.MAC(payload[:len(payload)-1], expiry, []byte{'}'})

	b := make([]byte, 0, len(payload)+128)
	b = append(b, compactOpen...)
	b = append(b, payload...)
	b = append(b, expiry...)
	b = append(b, compactSignature...)
	b = signatureEncoding.AppendEncode(b, mac[:])
	b = append(b, compactClose...)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (p Payload) appendJSON(b []byte) []byte {
	b = append(append(b, `{"session":`...), p.Session...)
	b = append(append(b, `,"user":`...), p.User...)
	b = strconv.AppendInt(append(b, `,"updatedAt":`...), p.UpdatedAt, 10)
	b = jstext.AppendString(append(b, `,"version":`...), p.Version)
	return append(b, '}')
}

// decodeCompact checks the signature before it looks into the payload. Taking
// the frame apart from both of its ends is safe, because what is left between
// them counts only if exactly those bytes, with exactly that expiry, were
// signed.
func decodeCompact(keys *secret.Keyring, text string) (Payload, time.Time, error) {
	raw, err := decodeText(text)
	if err != nil {
		return Payload{}, time.Time{}, err
	}
	payload, expiry, signature, ok := splitCompact(raw)
	if !ok {
		return Payload{}, time.Time{}, fmt.Errorf("not a compact cache: %w", ErrInvalid)
	}
	var mac [32]byte
	if n, err := signatureEncoding.Decode(mac[:], signature); err != nil || n != len(mac) {
		return Payload{}, time.Time{}, fmt.Errorf("malformed signature: %w", ErrInvalid)
	}
	if !keys.VerifyMAC(mac[:], payload[:len(payload)-1], expiry, []byte{'}'}) {
		return Payload{}, time.Time{}, fmt.Errorf("the signature does not match: %w", ErrInvalid)
	}
	millis, err := strconv.ParseInt(string(expiry[len(compactExpiry):]), 10, 64)
	if err != nil {
		return Payload{}, time.Time{}, fmt.Errorf("expiresAt is not an integer: %w", ErrInvalid)
	}
	p, _, err := readPayload(payload)
	return p, time.UnixMilli(millis), err
}

// splitCompact returns the payload, `,"expiresAt":E` and S.
func splitCompact(raw []byte) (payload, expiry, signature []byte, ok bool) {
	rest, ok := bytes.CutPrefix(raw, []byte(compactOpen))
	if !ok {
		return nil, nil, nil, false
	}
	if rest, ok = bytes.CutSuffix(rest, []byte(compactClose)); !ok || len(rest) < signatureLen {
		return nil, nil, nil, false
	}
	rest, signature = rest[:len(rest)-signatureLen], rest[len(rest)-signatureLen:]
	if rest, ok = bytes.CutSuffix(rest, []byte(compactSignature)); !ok {
		return nil, nil, nil, false
	}
	end := len(rest)
	for end > 0 && '0' <= rest[end-1] && rest[end-1] <= '9' {
		end--
	}
	start := end - len(compactExpiry)
	if start < 2 || end == len(rest) || string(rest[start:end]) != compactExpiry {
		return nil, nil, nil, false
	}
	payload, expiry = rest[:start], rest[start:]
	return payload, expiry, signature, payload[0] == '{' && payload[len(payload)-1] == '}'
}

// decodeText decodes base64 as Better Auth does: the URL alphabet when the text
// uses it, else the standard one; an equals sign ends the text. Anything outside
// the alphabet, line breaks included, is refused.
func decodeText(text string) ([]byte, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("longer than %d bytes: %w", maxText, ErrInvalid)
	}
	text, _, _ = strings.Cut(text, "=")
	encoding := base64.RawStdEncoding
	if contains(text, '-') || contains(text, '_') {
		encoding = base64.RawURLEncoding
	}
	if contains(text, '\r') || contains(text, '\n') {
		return nil, fmt.Errorf("line break in base64: %w", ErrInvalid)
	}
	raw, err := encoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("not base64: %w", ErrInvalid)
	}
	return raw, nil
}

// contains looks for one byte, several times as fast as a search for a set.
func contains(text string, c byte) bool { return strings.IndexByte(text, c) >= 0 }
