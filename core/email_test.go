package core_test

import (
	"testing"

	"github.com/ostiary/ostiary/core"
)

func TestCanonicalEmail(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"Ann@Example.COM": "ann@example.com", "ÄNN@example.com": "änn@example.com", "": "",
		"\u212aim@example.com": "\u212aim@example.com", "k\u0130m@example.com": "k\u0130m@example.com",
	} {
		if got := core.CanonicalEmail(email); got != want {
			t.Errorf("CanonicalEmail(%q) = %q, want %q", email, got, want)
		}
	}
}
