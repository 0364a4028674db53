// Package ostiary is an authentication server to embed in a Go program: sign-up,
// sign-in, sessions, verification and everything around them, speaking the
// protocol of Better Auth 1.7, so that its JavaScript clients work unchanged.
//
//	auth, err := ostiary.New(ostiary.Options{
//		BaseURL:          ostiary.StaticURL("https://app.example.com"),
//		Secret:           os.Getenv("OSTIARY_SECRET"),
//		Database:         sqlite.Open("app.db"),
//		EmailAndPassword: emailpassword.Options{Enabled: true},
//	})
//	…
//	mux.Handle("/api/auth/", auth)
//	mux.Handle("/me", auth.RequireSession(http.HandlerFunc(me)))
//
// [Options] says everything that can be configured, [Auth] what can be done with
// the result.
package ostiary

import (
	"context"
	"net/http"
	"slices"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/features/account"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/pages"
	"github.com/ostiary/ostiary/features/session"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/features/user"
	"github.com/ostiary/ostiary/migrate"
)

// Auth is an authentication server. It is an http.Handler for everything below
// its base path, and safe for use by many goroutines.
type Auth struct {
	// API calls the endpoints in-process.
	API API

	kernel *core.Kernel
}

// New makes a server. It opens no connections yet. The error lists every
// problem of the options, with the option's name and the remedy.
func New(o Options) (*Auth, error) {
	verification := emailverification.New(o.EmailVerification)
	providers := social.New(o.social(verification))
	config := o.config()
	features := []core.Plugin{
		pages.New(),
		session.New(session.Options{EndSessionURL: providers.EndSessionURL}),
		verification,
		emailpassword.New(o.EmailAndPassword, verification),
		user.New(o.User.Options, verification),
		account.New(),
		providers,
	}
	config.Plugins = slices.Concat(features, o.Plugins)
	kernel, err := core.New(config)
	if err != nil {
		return nil, err
	}
	return &Auth{API: API{kernel}, kernel: kernel}, nil
}

// ServeHTTP serves the endpoints.
func (a *Auth) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.kernel.ServeHTTP(w, r) }

// Kernel returns the kernel, for plugins and tools.
func (a *Auth) Kernel() *core.Kernel { return a.kernel }

// Plan returns what [Auth.Migrate] would add to the database, and what it would
// not do by itself. It changes nothing.
func (a *Auth) Plan(ctx context.Context) (*migrate.Plan, error) {
	m, err := a.migrator()
	if err != nil {
		return nil, err
	}
	return m.Plan(ctx)
}

// Migrate creates the tables, columns and indexes that the database lacks. It
// never changes or removes any; what it does not do by itself is logged as a
// warning, and [Auth.Plan] returns it. Several nodes may call it at once, and it
// may be called again after it was interrupted.
func (a *Auth) Migrate(ctx context.Context) error {
	if p, ok := a.kernel.DB.Adapter().(database.Preparer); ok {
		return p.EnsureIndexes(ctx)
	}
	m, err := a.migrator()
	if err != nil {
		return err
	}
	plan, err := m.Apply(ctx)
	if err != nil {
		return err
	}
	for _, finding := range plan.Findings {
		a.kernel.Log.WarnContext(ctx, "the database differs from the options", "finding", finding.Message)
	}
	return nil
}

// CheckSchema reports whether the database has the tables and columns that the
// options need. The error is a [*core.SchemaMismatch] when it does not; it names
// each that is missing. The same is checked before the database is first used.
func (a *Auth) CheckSchema(ctx context.Context) error { return a.kernel.CheckSchema(ctx) }

func (a *Auth) migrator() (*migrate.Migrator, error) {
	return migrate.For(a.kernel.DB.Adapter(), a.kernel.DB.Schema())
}

// CleanUp removes expired sessions, single-use values and rate-limit counters from
// the database, in small batches, and returns how many they were. What has expired
// is refused without it; it keeps tables small. Call it now and then, for example
// once an hour; the standalone server does.
func (a *Auth) CleanUp(ctx context.Context) (int64, error) { return a.kernel.CleanUp(ctx) }

// Close waits for background work, stops the plugins and closes the database.
func (a *Auth) Close(ctx context.Context) error { return a.kernel.Close(ctx) }
