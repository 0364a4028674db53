package main

import (
	"strings"
	"testing"

	"github.com/ostiary/ostiary/examples/exampletest"
)

func TestVisit_leaves_one_session(t *testing.T) {
	t.Parallel()
	auth := exampletest.Auth(t, nil)
	// Signing up signs in as well, hence two sessions at first.
	for _, want := range []string{"signed up\n2 sessions\n", "known already\n2 sessions\n"} {
		var out strings.Builder
		if err := visit(t.Context(), auth, &out, "ada@example.com", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
}
