package password

import (
	"errors"
	"strings"
	"testing"
)

func TestSR_001_the_minimum_is_8_by_default(t *testing.T) {
	t.Parallel()
	var policy Policy
	if err := policy.Check("1234567"); !errors.Is(err, ErrTooShort{Min: 8}) {
		t.Errorf("7 units: %v", err)
	}
	if err := policy.Check("12345678"); err != nil {
		t.Errorf("8 units: %v", err)
	}
	if err := (Policy{MinLength: 15}).Check("12345678901234"); !errors.Is(err, ErrTooShort{Min: 15}) {
		t.Errorf("14 units of 15: %v", err)
	}
}

func TestSR_002_the_maximum_is_128_by_default_and_holds_for_every_submission(t *testing.T) {
	t.Parallel()
	var policy Policy
	for _, password := range []string{strings.Repeat("x", 129), strings.Repeat("x", 1<<20)} {
		if err := policy.Check(password); !errors.Is(err, ErrTooLong{Max: 128}) {
			t.Errorf("Check of %d units: %v", len(password), err)
		}
		if err := policy.CheckSubmitted(password); !errors.Is(err, ErrTooLong{Max: 128}) {
			t.Errorf("CheckSubmitted of %d units: %v", len(password), err)
		}
	}
	if err := policy.Check(strings.Repeat("x", 128)); err != nil {
		t.Errorf("128 units: %v", err)
	}
	if err := policy.CheckSubmitted("x"); err != nil {
		t.Errorf("a short old password: %v", err)
	}
}

func TestSR_003_length_counts_UTF_16_code_units(t *testing.T) {
	t.Parallel()
	tests := []struct {
		password string
		want     int
	}{
		{"", 0}, {"abc", 3}, {"é", 1}, {"e\u0301", 2}, {"😀", 2}, {"\ufffd", 1}, {"\xff", 1}, {"\uffff", 1}, {"\U00010000", 2}, {"a\x00b", 3},
	}
	for _, test := range tests {
		if got := Length(test.password); got != test.want {
			t.Errorf("Length(%q) = %d, want %d", test.password, got, test.want)
		}
	}
	var policy Policy
	if err := policy.Check(strings.Repeat("😀", 64)); err != nil {
		t.Errorf("64 emoji: %v", err)
	}
	if err := policy.Check(strings.Repeat("😀", 65)); !errors.Is(err, ErrTooLong{Max: 128}) {
		t.Errorf("65 emoji: %v", err)
	}
}

func TestSR_005_any_composition_is_allowed(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"        ", "12345678", "aaaaaaaa", "😀😀😀😀", "correct horse battery staple", "pässwörd"} {
		if err := (Policy{}).Check(password); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
}
