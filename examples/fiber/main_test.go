package main

import (
	"net"
	"testing"

	"github.com/gofiber/fiber/v3"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/exampletest"
)

func TestExample_works(t *testing.T) {
	t.Parallel()
	exampletest.Run(t, func(t *testing.T, auth *ostiary.Auth) string {
		t.Helper()
		// A server of fasthttp, since that is what writes the cookies here.
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		app := routes(auth)
		stopped := make(chan error, 1)
		go func() { stopped <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
		t.Cleanup(func() {
			if err := app.Shutdown(); err != nil {
				t.Errorf("shut down: %v", err)
			}
			if err := <-stopped; err != nil {
				t.Errorf("serve: %v", err)
			}
		})
		return "http://" + listener.Addr().String()
	})
}
