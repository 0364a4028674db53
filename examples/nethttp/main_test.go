package main

import (
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/exampletest"
)

func TestExample_works(t *testing.T) {
	t.Parallel()
	exampletest.Run(t, func(t *testing.T, auth *ostiary.Auth) string {
		t.Helper()
		return exampletest.Serve(t, routes(auth))
	})
}
