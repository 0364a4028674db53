package twofactor

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/cookie"
)

// hotp returns the code of a counter (RFC 4226).
func hotp(key []byte, counter uint64, digits int) string {
	mac := hmac.New(sha1.New, key)
	_, _ = mac.Write(binary.BigEndian.AppendUint64(nil, counter))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	code := strconv.FormatUint(uint64(n), 10)
	code = strings.Repeat("0", max(0, digits-len(code))) + code
	return code[len(code)-digits:]
}

// generator makes and checks the codes of one key (RFC 6238).
type generator struct {
	key    []byte
	digits int
	period time.Duration
}

// step is the number of the period that a time is in.
func (g generator) step(now time.Time) int64 { return now.Unix() / int64(g.period/time.Second) }

// code returns the code that is current at a time.
func (g generator) code(now time.Time) string {
	return hotp(g.key, uint64(g.step(now)), g.digits)
}

// match returns the period of a code, which may be the current one, the one
// before or the one after, and whether the code is right at all. Every candidate
// is compared, so that time does not tell which one it was.
func (g generator) match(code string, now time.Time) (step int64, ok bool) {
	current := g.step(now)
	for candidate := current - 1; candidate <= current+1; candidate++ {
		if candidate >= 0 && subtle.ConstantTimeCompare([]byte(hotp(g.key, uint64(candidate), g.digits)), []byte(code)) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok
}

// importedPrefix begins a secret that another program made: base32 of the key.
// Any other secret is the key itself.
const importedPrefix = "base32:"

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// keyOf returns the key of a secret.
func keyOf(secret string) ([]byte, error) {
	text, imported := strings.CutPrefix(secret, importedPrefix)
	if !imported {
		return []byte(secret), nil
	}
	key, err := base32Text.DecodeString(strings.TrimRight(strings.ToUpper(text), "="))
	if err != nil {
		return nil, errors.New("read TOTP secret: not base32")
	}
	return key, nil
}

// uri returns the URI that authenticator apps read.
func (g generator) uri(issuer, account string) string {
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&digits=%d&period=%d",
		cookie.EncodeURIComponent(issuer), cookie.EncodeURIComponent(account),
		base32Text.EncodeToString(g.key), formText.Replace(url.QueryEscape(issuer)), g.digits, int64(g.period/time.Second))
}

// formText makes of a Go query what browsers write in forms.
var formText = strings.NewReplacer("%2A", "*", "~", "%7E")
