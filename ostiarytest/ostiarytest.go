// Package ostiarytest serves the tests of applications: an authentication server
// with a clock that tests move, a cheap password hash and an outbox for mails,
// browsers that keep cookies, and requests that are signed in.
//
// Import it from tests only: passwords are hashed so that anybody can read them.
package ostiarytest

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/migrate"
)

// Origin is the origin of servers whose options have no base URL.
const Origin = "https://app.example.com"

// Password is the password of users that [Auth.SignUp] makes.
const Password = "correct horse battery"

// Auth is a server under test.
type Auth struct {
	*ostiary.Auth
	// Clock is the clock of the server, unless its options have one of their own.
	Clock *Clock
	// Mails has the mails for which the options have no callback.
	Mails *Outbox
}

// New starts a server that ends with the test. What the options leave out is
// chosen for tests: base URL and secret, a database in memory, a cheap password
// hash, a clock that stands still, no rate limits, logs to the output of the
// test, and an outbox for password resets and verification links. Sign-up with
// a password is always on. A database with tables is migrated.
//
// The mails that confirm a change of address or a deletion are optional steps;
// without a callback there are none here either. Set [Outbox.SendChange] and
// [Outbox.SendDelete] where the application has them.
func New(t testing.TB, o ostiary.Options) *Auth {
	t.Helper()
	a := &Auth{Clock: &Clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, Mails: &Outbox{}}
	a.complete(t, &o)
	auth, err := ostiary.New(o)
	if err != nil {
		t.Fatalf("ostiary.New: %v", err)
	}
	a.Auth = auth
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	if _, hasTables := o.Database.(migrate.Database); hasTables {
		if err := auth.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// complete sets what the options leave out.
func (a *Auth) complete(t testing.TB, o *ostiary.Options) {
	if reflect.ValueOf(o.BaseURL).IsZero() {
		o.BaseURL = ostiary.StaticURL(Origin)
	}
	if o.Secret == "" && len(o.Secrets) == 0 {
		o.Secret = "a-secret-for-tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
	}
	if o.Database == nil {
		o.Database = memory.New()
	}
	if o.RateLimit.Enabled == nil {
		o.RateLimit.Enabled = new(false)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	if o.Advanced.Now == nil {
		o.Advanced.Now = a.Clock.Now
	}
	o.EmailAndPassword.Enabled = true
	if o.EmailAndPassword.Hasher == nil {
		o.EmailAndPassword.Hasher = cheap{}
	}
	if o.EmailAndPassword.SendResetPassword == nil {
		o.EmailAndPassword.SendResetPassword = a.Mails.SendReset
	}
	if o.EmailVerification.Send == nil {
		o.EmailVerification.Send = a.Mails.SendVerification
	}
	o.Plugins = append(append([]core.Plugin{}, o.Plugins...), admission{})
}

// cheap is a hash that costs nothing.
type cheap struct{}

func (cheap) Hash(_ context.Context, password string) (string, error) {
	return "cheap:" + password, nil
}

func (cheap) Verify(_ context.Context, hash, password string) (bool, error) {
	return subtle.ConstantTimeCompare([]byte(hash), []byte("cheap:"+password)) == 1, nil
}
