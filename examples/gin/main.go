// Command gin mounts Ostiary in a gin engine. The guard is adapted by a few
// lines: it decides, gin goes on with the handlers that follow.
//
//	OSTIARY_SECRET=$(ostiary secret) go run ./gin
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/account"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	auth, err := account.Open(ctx, account.Options("gin.db", "http://localhost:3000", os.Getenv("OSTIARY_SECRET")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(ctx)) }()
	server := &http.Server{Addr: "localhost:3000", Handler: routes(auth), ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

func routes(auth *ostiary.Auth) http.Handler {
	r := gin.New()
	r.Use(gin.Recovery())
	r.Any("/api/auth/*endpoint", gin.WrapH(auth))
	r.GET("/me", requireSession(auth), me)
	return r
}

// requireSession is the guard as gin middleware.
func requireSession(auth *ostiary.Auth) gin.HandlerFunc {
	return func(c *gin.Context) {
		let := false
		auth.RequireSession(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			let = true
			c.Request = r // has the session in its context
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
		if !let {
			c.Abort()
		}
	}
}

func me(c *gin.Context) {
	me, err := account.MeOf(ostiary.SessionFrom(c.Request.Context()))
	if err != nil {
		_ = c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.JSON(http.StatusOK, me)
}
