// Command fiber mounts Ostiary in a fiber app, which is built on fasthttp instead
// of net/http: fiber's adaptor translates requests and responses.
//
//	OSTIARY_SECRET=$(ostiary secret) go run ./fiber
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/account"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	auth, err := account.Open(ctx, account.Options("fiber.db", "http://localhost:3000", os.Getenv("OSTIARY_SECRET")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(ctx)) }()
	return routes(auth).Listen("localhost:3000")
}

func routes(auth *ostiary.Auth) *fiber.App {
	app := fiber.New()
	app.All("/api/auth/*", func(c fiber.Ctx) error { return serve(c, auth) })
	app.Get("/me", requireSession(auth), me)
	return app
}

// serve runs a handler of net/http with a context of its own: fasthttp gives one
// to the next request while a database or a mail in the background may still
// look at it.
func serve(c fiber.Ctx, h http.Handler) error {
	outer := c.Context()
	return adaptor.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(outer)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	}))(c)
}

type sessionKey struct{}

// requireSession is the guard as fiber middleware. It hands the session on by
// itself: adaptor.HTTPMiddleware would copy the context by unsafe reflection and
// keep only one value of each header.
func requireSession(auth *ostiary.Auth) fiber.Handler {
	return func(c fiber.Ctx) error {
		var session *ostiary.Identity
		guard := auth.RequireSession(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			session = ostiary.SessionFrom(r.Context())
		}))
		if err := serve(c, guard); err != nil || session == nil {
			return err // nil when the guard has answered
		}
		fiber.Locals(c, sessionKey{}, session)
		return c.Next()
	}
}

func me(c fiber.Ctx) error {
	me, err := account.MeOf(fiber.Locals[*ostiary.Identity](c, sessionKey{}))
	if err != nil {
		return err
	}
	return c.JSON(me)
}
