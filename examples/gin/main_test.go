package main

import (
	"os"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/exampletest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode) // does not print the routes
	os.Exit(m.Run())
}

func TestExample_works(t *testing.T) {
	t.Parallel()
	exampletest.Run(t, func(t *testing.T, auth *ostiary.Auth) string {
		t.Helper()
		return exampletest.Serve(t, routes(auth))
	})
}
