// Command nethttp mounts Ostiary in a server of the standard library.
//
//	OSTIARY_SECRET=$(ostiary secret) go run ./nethttp
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/account"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// run serves until the process is told to stop, and finishes what it has begun.
func run() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	auth, err := account.Open(ctx, account.Options("nethttp.db", "http://localhost:3000", os.Getenv("OSTIARY_SECRET")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(context.WithoutCancel(ctx))) }()

	server := &http.Server{Addr: "localhost:3000", Handler: routes(auth), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return server.Shutdown(patience)
	}
}

func routes(auth *ostiary.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /me", auth.RequireSession(http.HandlerFunc(me)))
	return mux
}

func me(w http.ResponseWriter, r *http.Request) {
	me, err := account.MeOf(ostiary.SessionFrom(r.Context()))
	if err != nil {
		http.Error(w, "the profile cannot be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(me) // fails only if the client is gone
}
