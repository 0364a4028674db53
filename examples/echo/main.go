// Command echo mounts Ostiary in an echo router. The guard is wrapped middleware.
//
//	OSTIARY_SECRET=$(ostiary secret) go run ./echo
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/account"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	auth, err := account.Open(ctx, account.Options("echo.db", "http://localhost:3000", os.Getenv("OSTIARY_SECRET")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(ctx)) }()
	server := &http.Server{Addr: "localhost:3000", Handler: routes(auth), ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

func routes(auth *ostiary.Auth) http.Handler {
	e := echo.New()
	e.Any("/api/auth/*", echo.WrapHandler(auth))
	e.GET("/me", me, echo.WrapMiddleware(auth.RequireSession))
	return e
}

func me(c echo.Context) error {
	me, err := account.MeOf(ostiary.SessionFrom(c.Request().Context()))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, me)
}
