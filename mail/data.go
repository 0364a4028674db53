package mail

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Data is what the letters tell. Which fields a letter needs stands at the method
// of [Templates] that writes it; the others may be empty.
type Data struct {
	// To is the recipient's address. Always required; see [ValidAddress].
	To string
	// Name is the recipient's name as they gave it. It is shown only if it consists
	// of letters, spaces, apostrophes, hyphens and the full stops of abbreviations,
	// and is at most 50 characters long. Otherwise the greeting has no name: anyone
	// can sign up with a stranger's address and an advertisement for a name.
	Name string
	// URL is where the button leads: absolute, http or https, in ASCII.
	URL string
	// Code is the one-time code to type: one line of at most 64 bytes.
	Code string
	// ExpiresIn is how long URL or Code remains valid. Zero or less leaves the hint out.
	ExpiresIn time.Duration
	// NewEmail is the address that is to replace To; see [ValidAddress].
	NewEmail string
}

// maxCode is the length limit of a one-time code, in bytes.
const maxCode = 64

// check reports whether every field that is set is fit for a letter. An error
// names the field and never repeats its value: URL and Code are secrets.
func (d Data) check() error {
	if !ValidAddress(d.To) {
		return fmt.Errorf("To: %w", ErrAddress)
	}
	if d.NewEmail != "" && !ValidAddress(d.NewEmail) {
		return fmt.Errorf("NewEmail: %w", ErrAddress)
	}
	if d.URL != "" && !validLink(d.URL) {
		return errors.New("URL: not an absolute http or https URL in ASCII")
	}
	if d.Code != "" && (len(d.Code) > maxCode || !validHeaderText(d.Code)) {
		return errors.New("Code: not one line of at most 64 bytes")
	}
	return nil
}

// validLink refuses what a mail program could cut short or read differently than
// the browser does. A user name in the URL is refused because it can look like
// another host: https://bank.example@evil.example.
func validLink(s string) bool {
	if !containsOnly(s, func(c byte) bool { return '!' <= c && c <= '~' }) || strings.ContainsAny(s, `<>"\`) {
		return false
	}
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}
