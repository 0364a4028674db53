// Package account sets up the authentication that the examples mount: e-mail and
// password in a SQLite file, with fields of the application's own.
package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/schema"
)

// Profile is what the application keeps about a user, besides name and address.
type Profile struct {
	Plan     string  `ostiary:"plan,default=free,noinput"` // for the application alone to set
	Nickname *string `ostiary:"nickname"`                  // a pointer: optional
}

// Preferences is what the application keeps about a session.
type Preferences struct {
	Theme *string `ostiary:"theme"`
}

// Options returns the options that the examples share.
func Options(database, baseURL, secret string) ostiary.Options {
	return ostiary.Options{
		BaseURL:          ostiary.StaticURL(baseURL),
		Secret:           secret,
		Database:         sqlite.Open(database),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		User:             ostiary.UserOptions{Fields: schema.FieldsOf[Profile]()},
		Session:          core.SessionOptions{ModelOptions: core.ModelOptions{Fields: schema.FieldsOf[Preferences]()}},
	}
}

// Open makes a server and creates the tables that the database lacks.
func Open(ctx context.Context, options ostiary.Options) (*ostiary.Auth, error) {
	auth, err := ostiary.New(options)
	if err != nil {
		return nil, err
	}
	if err := auth.Migrate(ctx); err != nil {
		return nil, errors.Join(err, auth.Close(ctx))
	}
	return auth, nil
}

// Me is what the examples answer at /me.
type Me struct {
	Name, Email, Plan, Nickname, Theme string
}

// MeOf reads the application's fields back, typed.
func MeOf(id *ostiary.Identity) (Me, error) {
	profile, err := schema.Extra[Profile](id.User.Extra)
	if err != nil {
		return Me{}, fmt.Errorf("read the profile: %w", err)
	}
	preferences, err := schema.Extra[Preferences](id.Session.Extra)
	if err != nil {
		return Me{}, fmt.Errorf("read the preferences: %w", err)
	}
	me := Me{Name: id.User.Name, Email: id.User.Email, Plan: profile.Plan}
	if profile.Nickname != nil {
		me.Nickname = *profile.Nickname
	}
	if preferences.Theme != nil {
		me.Theme = *preferences.Theme
	}
	return me, nil
}
