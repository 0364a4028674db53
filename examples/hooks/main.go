// Command hooks adds an application's own rules: who may sign up, what is put
// into a row, and what happens once it is stored.
//
//	OSTIARY_SECRET=$(ostiary secret) go run ./hooks
package main

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/examples/account"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/schema"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	options := account.Options("hooks.db", "http://localhost:3000", os.Getenv("OSTIARY_SECRET"))
	addRules(&options, slog.Default())
	auth, err := account.Open(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(ctx)) }()
	server := &http.Server{Addr: "localhost:3000", Handler: auth, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// addRules sets the hooks. Their types are those of the endpoints.
func addRules(o *ostiary.Options, audit *slog.Logger) {
	o.Hooks = hooks.Set{
		hooks.Before(api.SignUpEmail, onlyStaff),
		hooks.After(api.SignInEmail, func(c *core.Context, _ *api.SignInEmailOutput) error {
			c.SetHeader("X-Welcome", "back")
			return nil
		}),
	}
	o.DatabaseHooks = []core.DatabaseHook{{
		Model:        schema.UserKey,
		BeforeCreate: staffPlan,
		// Runs when the transaction has been committed.
		AfterCreate: func(ctx context.Context, row schema.Row) error {
			audit.InfoContext(ctx, "user created", "id", row.ID())
			return nil
		},
	}}
}

func onlyStaff(_ *core.Context, in *api.SignUpEmailInput) error {
	if !strings.HasSuffix(strings.ToLower(in.Email), "@example.com") {
		return core.FailWith(http.StatusForbidden, "STAFF_ONLY", "Only addresses of example.com may sign up")
	}
	in.Name = strings.TrimSpace(in.Name) // the endpoint gets the changed input
	return nil
}

// staffPlan sets a field that users cannot set.
func staffPlan(_ context.Context, row schema.Row) error {
	row.Set("plan", "staff")
	return nil
}
