package password

import "fmt"

const (
	// DefaultMinLength is the shortest new password accepted by default, in
	// UTF-16 code units.
	DefaultMinLength = 8
	// DefaultMaxLength is the longest password accepted by default, in UTF-16
	// code units.
	DefaultMaxLength = 128
)

// Policy is the range of acceptable password lengths in UTF-16 code units, the
// unit in which Better Auth 1.7 and its clients count. Composition is
// deliberately unrestricted. The zero value means 8 to 128.
type Policy struct {
	// MinLength applies to new passwords only. Zero means DefaultMinLength.
	MinLength int
	// MaxLength applies to every submitted password, before any hashing. Zero
	// means DefaultMaxLength.
	MaxLength int
}

// ErrTooShort means that a new password has fewer UTF-16 code units than Min.
type ErrTooShort struct{ Min int }

// Error implements error.
func (e ErrTooShort) Error() string {
	return fmt.Sprintf("password is shorter than %d UTF-16 code units", e.Min)
}

// ErrTooLong means that a password has more UTF-16 code units than Max.
type ErrTooLong struct{ Max int }

// Error implements error.
func (e ErrTooLong) Error() string {
	return fmt.Sprintf("password is longer than %d UTF-16 code units", e.Max)
}

// Check reports whether password may be set: nil, ErrTooShort or ErrTooLong.
func (p Policy) Check(password string) error {
	if Length(password) < orDefault(p.MinLength, DefaultMinLength) {
		return ErrTooShort{Min: orDefault(p.MinLength, DefaultMinLength)}
	}
	return p.CheckSubmitted(password)
}

// CheckSubmitted reports whether password may be hashed for comparison: nil or
// ErrTooLong. Passwords set under an earlier, laxer minimum stay usable.
func (p Policy) CheckSubmitted(password string) error {
	if Length(password) > orDefault(p.MaxLength, DefaultMaxLength) {
		return ErrTooLong{Max: orDefault(p.MaxLength, DefaultMaxLength)}
	}
	return nil
}

// Length counts the UTF-16 code units of password, as JavaScript's
// String.length does. A byte that is not UTF-8 counts as one unit.
func Length(password string) int {
	units := 0
	for _, r := range password {
		units++
		if r > 0xFFFF {
			units++
		}
	}
	return units
}

func orDefault(value, fallback int) int {
	if value == 0 {
		return fallback
	}
	return value
}
