package emailverification

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/schema"
)

// claims are what a token says.
type claims struct {
	Email       string `json:"email"`
	UpdateTo    string `json:"updateTo"`
	RequestType string `json:"requestType"`
	UserID      string `json:"userId"`
}

// verify serves the link in a verification mail.
func (f *Feature) verify(c *core.Context, in api.VerifyEmailInput) (api.VerifyEmailOutput, error) {
	token, err := readToken(c, in.Token)
	switch {
	case errors.Is(err, secret.ErrExpired):
		return refuse(c, in, api.TokenExpired)
	case err != nil:
		return refuse(c, in, api.InvalidToken)
	case token.UpdateTo != "":
		return f.verifyChange(c, in, token)
	}
	u, err := c.Users.ByEmail(c, token.Email)
	switch {
	case err != nil:
		return api.VerifyEmailOutput{}, err
	case u == nil:
		return refuse(c, in, api.UserNotFound)
	case token.UserID != "" && token.UserID != u.ID:
		return refuse(c, in, api.InvalidToken)
	case u.EmailVerified:
		return done(c, in, api.VerifyEmailOutput{Status: true})
	}
	if u, err = f.markVerified(c, u); err != nil {
		return api.VerifyEmailOutput{}, err
	}
	if f.options.AutoSignIn {
		if err := signIn(c, u); err != nil {
			return api.VerifyEmailOutput{}, err
		}
	}
	return done(c, in, api.VerifyEmailOutput{Status: true})
}

func readToken(c *core.Context, text string) (claims, error) {
	var token claims
	payload, err := c.Secrets.VerifyJWT(text, c.Now())
	if err != nil {
		return token, err
	}
	if err := json.Unmarshal(payload, &token); err != nil || token.Email == "" {
		return token, secret.ErrInvalid
	}
	return token, nil
}

// refuse tells that a link is of no use: the page that the link names, or the
// client.
func refuse(c *core.Context, in api.VerifyEmailInput, code api.Code) (api.VerifyEmailOutput, error) {
	if in.CallbackURL != "" {
		return api.VerifyEmailOutput{}, c.Redirect(core.AppendQuery(in.CallbackURL, "error", code.Code))
	}
	return api.VerifyEmailOutput{}, core.Fail(http.StatusUnauthorized, code)
}

// done goes to the page that the link names, if it names one.
func done(c *core.Context, in api.VerifyEmailInput, out api.VerifyEmailOutput) (api.VerifyEmailOutput, error) {
	if in.CallbackURL != "" {
		return out, c.Redirect(in.CallbackURL)
	}
	return out, nil
}

func (f *Feature) markVerified(c *core.Context, u *core.User) (*core.User, error) {
	if f.options.Before != nil {
		if err := f.options.Before(c, *u); err != nil {
			return nil, err
		}
	}
	change := c.Users.Table().NewRow()
	change.SetAt(schema.UserEmailVerified, true)
	updated, err := c.Users.Update(c, u.ID, change)
	if err != nil {
		return nil, err
	}
	if updated == nil {
		return nil, fmt.Errorf("user %s was not updated", u.ID)
	}
	if f.options.After != nil {
		if err := f.options.After(c, *updated); err != nil {
			return nil, err
		}
	}
	return updated, nil
}

// signIn makes a session for the user who followed a link, or brings the
// cookies of the one there is up to date.
func signIn(c *core.Context, u *core.User) error {
	if current := c.OptionalSession(); current != nil && current.User.Email == u.Email {
		return c.SetSession(&core.Identity{Session: current.Session, User: *u}, core.AsBefore)
	}
	id, err := c.Sessions.Create(c, u, true, nil)
	if err != nil {
		return err
	}
	if id == nil {
		return core.Fail(http.StatusInternalServerError, api.FailedToCreateSession)
	}
	return c.SetSession(id, core.AsBefore)
}

// verifyChange serves the links of a change of address.
func (f *Feature) verifyChange(c *core.Context, in api.VerifyEmailInput, token claims) (api.VerifyEmailOutput, error) {
	if token.UserID == "" {
		return refuse(c, in, api.InvalidToken)
	}
	u, err := c.Users.ByID(c, token.UserID)
	switch {
	case err != nil:
		return api.VerifyEmailOutput{}, err
	case u == nil:
		return refuse(c, in, api.UserNotFound)
	case u.Email != core.CanonicalEmail(token.Email): // the link was used, or another one was
		return refuse(c, in, api.InvalidToken)
	}
	current := c.OptionalSession()
	if current != nil && current.User.ID != u.ID {
		return refuse(c, in, api.InvalidUser)
	}
	if token.RequestType == confirmChange {
		if f.Configured() {
			if err := f.DeliverChange(c, *u, token.UpdateTo, in.CallbackURL); err != nil {
				return api.VerifyEmailOutput{}, err
			}
		}
		return done(c, in, api.VerifyEmailOutput{Status: true, Pending: true})
	}
	return f.change(c, in, token, u, current)
}

// change makes a change of address.
func (f *Feature) change(c *core.Context, in api.VerifyEmailInput, token claims, u *core.User, current *core.Identity) (api.VerifyEmailOutput, error) {
	change := c.Users.Table().NewRow()
	change.SetAt(schema.UserEmail, token.UpdateTo)
	legacy := token.RequestType != verifyChange
	if legacy {
		change.SetAt(schema.UserEmailVerified, false)
	}
	updated, err := c.Users.Update(c, u.ID, change)
	if err != nil {
		return refuseTaken(c, in, err)
	}
	if updated == nil {
		return refuse(c, in, api.UserNotFound)
	}
	switch {
	case legacy && f.Configured():
		if err := f.Deliver(c, *updated, in.CallbackURL); err != nil {
			return api.VerifyEmailOutput{}, err
		}
	case !legacy && updated.EmailVerified && f.options.After != nil:
		if err := f.options.After(c, *updated); err != nil {
			return api.VerifyEmailOutput{}, err
		}
	}
	if current != nil {
		if err := c.SetSession(&core.Identity{Session: current.Session, User: *updated}, core.AsBefore); err != nil {
			return api.VerifyEmailOutput{}, err
		}
	}
	return done(c, in, api.VerifyEmailOutput{Status: true, User: &updated.User})
}

// refuseTaken refuses a link to an address that somebody else has taken since
// it was mailed.
func refuseTaken(c *core.Context, in api.VerifyEmailInput, err error) (api.VerifyEmailOutput, error) {
	if errors.Is(err, database.ErrDuplicate) {
		return refuse(c, in, api.InvalidToken)
	}
	return api.VerifyEmailOutput{}, err
}
