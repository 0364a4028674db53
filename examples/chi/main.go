// Command chi mounts Ostiary in a chi router. The guard is ordinary middleware.
//
//	OSTIARY_SECRET=$(ostiary secret) go run ./chi
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/account"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	auth, err := account.Open(ctx, account.Options("chi.db", "http://localhost:3000", os.Getenv("OSTIARY_SECRET")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(ctx)) }()
	server := &http.Server{Addr: "localhost:3000", Handler: routes(auth), ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

func routes(auth *ostiary.Auth) http.Handler {
	r := chi.NewRouter()
	r.Handle("/api/auth/*", auth)
	r.Group(func(r chi.Router) {
		r.Use(auth.RequireSession)
		r.Get("/me", me)
	})
	return r
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
