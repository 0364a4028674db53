// Command server serves one profile of the conformance suite, with the control
// endpoints that CONTRACT.md asks for. It exists for tests only.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run() error {
	p, ok := profiles[os.Getenv("PROFILE")]
	if !ok {
		return fmt.Errorf("unknown profile %q", os.Getenv("PROFILE"))
	}
	s := &server{profile: p, publicURL: os.Getenv("PUBLIC_URL"), outbound: os.Getenv("OUTBOUND_URL")}
	if s.publicURL == "" {
		s.publicURL = "http://localhost:3000"
	}
	if err := s.reset(context.Background()); err != nil {
		return err
	}
	h := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: s, ReadHeaderTimeout: 10 * time.Second}
	return h.ListenAndServe()
}
