package random

import "fmt"

// Alphabets for [Source.String]. The order of their characters is that of
// Better Auth 1.7, so that a fixed reader gives the same text in both.
const (
	// AlphaNumeric is the alphabet of row ids and session tokens.
	AlphaNumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	// LowerNumeric is the alphabet of account deletion tokens.
	LowerNumeric = "0123456789abcdefghijklmnopqrstuvwxyz"
	// URLSafe is the alphabet of OAuth states, nonces and PKCE verifiers.
	URLSafe = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
	// Digits is the alphabet of one-time codes.
	Digits = "0123456789"
)

// Token returns n random characters of [AlphaNumeric], 5.95 bits each.
func (s *Source) Token(n int) string { return s.String(n, AlphaNumeric) }

// String returns n random characters of the alphabet, each equally likely. The
// alphabet holds 1 to 256 single-byte characters; any other one is a
// programming error and panics.
func (s *Source) String(n int, alphabet string) string {
	if len(alphabet) == 0 || len(alphabet) > 256 {
		panic(fmt.Sprintf("random: an alphabet has 1 to 256 characters, not %d", len(alphabet)))
	}
	// Bytes beyond the last whole multiple of the alphabet would favour its
	// first characters, so they are thrown away.
	limit := 256 / len(alphabet) * len(alphabet)

	text := make([]byte, 0, n)
	var pool [64]byte
	for {
		s.fill(pool[:])
		for _, b := range pool {
			if len(text) == n {
				return string(text)
			}
			if int(b) < limit {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
}
