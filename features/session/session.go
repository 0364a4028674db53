// Package session lets users see, change and end their sessions.
package session

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// Options of the feature.
type Options struct {
	// EndSessionURL returns where a user who signs out should be sent so that
	// the provider signs him out too, and false for nowhere. Nil means nowhere.
	EndSessionURL func(c *core.Context, userID, callbackURL, state string) (string, bool)
}

// Feature is the feature; make it with [New].
type Feature struct{ options Options }

// New returns the feature.
func New(o Options) *Feature { return &Feature{o} }

// ID returns "session".
func (*Feature) ID() string { return "session" }

// Endpoints returns the endpoints.
func (f *Feature) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(api.GetSession, f.get),
		core.Handle(api.ListSessions, f.list, core.FreshGate),
		core.Handle(api.RevokeSession, f.revoke, core.AuthoritativeGate),
		core.Handle(api.RevokeSessions, f.revokeAll, core.AuthoritativeGate),
		core.Handle(api.RevokeOtherSessions, f.revokeOthers, core.AuthoritativeGate),
		core.Handle(api.UpdateSession, f.update, core.SessionGate),
		core.Handle(api.SignOut, f.signOut),
	}
}

// get answers who is asking, or null.
func (f *Feature) get(c *core.Context, in api.GetSessionInput) (*api.SessionAndUser, error) {
	post := c.Method == http.MethodPost
	if post && !c.Config().Session.DeferRefresh {
		return nil, core.Fail(http.StatusMethodNotAllowed, api.MethodNotAllowedDeferRequired)
	}
	id, err := c.ReadSession(core.ReadOptions{SkipCache: in.DisableCookieCache, SkipRefresh: in.DisableRefresh, MayRefresh: post})
	if err != nil {
		if core.AsAPIError(err) == nil {
			err = core.Fail(http.StatusInternalServerError, api.FailedToGetSession).Because(err)
		}
		return nil, err
	}
	if id == nil {
		return nil, nil
	}
	c.Session = id
	shown, err := c.Show(core.TriggerRead, id)
	if err != nil {
		return nil, failed(err)
	}
	return shown, nil
}

// list lists the live sessions of the user.
func (f *Feature) list(c *core.Context, _ route.None) ([]api.Session, error) {
	sessions, err := c.Sessions.List(c, c.Session.User.ID)
	if err != nil {
		return nil, err
	}
	out := make([]api.Session, len(sessions))
	for i := range sessions {
		out[i] = sessions[i].Session
	}
	return out, nil
}

// revoke ends one session of the user. It does not tell whether there was one.
func (f *Feature) revoke(c *core.Context, in api.RevokeSessionInput) (api.Status, error) {
	current := c.Session
	if _, err := c.Sessions.DeleteOwned(c, in.Token, current.User.ID); err != nil {
		return api.Status{}, failed(err)
	}
	if in.Token == current.Session.Token {
		return api.Status{Status: true}, c.ClearSession()
	}
	return api.Status{Status: true}, nil
}

// revokeAll ends all sessions of the user.
func (f *Feature) revokeAll(c *core.Context, _ route.None) (api.Status, error) {
	if err := c.Sessions.DeleteOf(c, c.Session.User.ID); err != nil {
		return api.Status{}, failed(err)
	}
	return api.Status{Status: true}, c.ClearSession()
}

// revokeOthers ends all sessions of the user but the current one.
func (f *Feature) revokeOthers(c *core.Context, _ route.None) (api.Status, error) {
	if err := c.Sessions.DeleteOf(c, c.Session.User.ID, c.Session.Session.Token); err != nil {
		return api.Status{}, failed(err)
	}
	return api.Status{Status: true}, nil
}

func failed(err error) error {
	if core.AsAPIError(err) != nil {
		return err
	}
	return core.Fail(http.StatusInternalServerError, api.InternalServerError).Because(err)
}

// update sets additional fields of the session.
func (f *Feature) update(c *core.Context, in api.UpdateSessionInput) (api.UpdateSessionOutput, error) {
	shown, err := c.UpdateSessionByClient(in.Fields)
	if err != nil {
		return api.UpdateSessionOutput{}, err
	}
	return api.UpdateSessionOutput{Session: shown.Session}, nil
}

// signOut ends the current session, if there is one, and clears its cookies in
// any case.
func (f *Feature) signOut(c *core.Context, in api.SignOutInput) (api.SignOutOutput, error) {
	token, _, _ := c.SessionCookies()
	value, ok := c.SignedCookie(token.Name)
	out := api.SignOutOutput{Success: true}
	var failed error
	if ok {
		out, failed = f.end(c, value, in, out)
	}
	return out, errors.Join(c.ClearSession(), failed)
}

// end ends the session of a token. If the store does not answer, the user is
// signed out of this browser all the same, but told that the session may live.
func (f *Feature) end(c *core.Context, token string, in api.SignOutInput, out api.SignOutOutput) (api.SignOutOutput, error) {
	if f.options.EndSessionURL != nil {
		f.providerSignOut(c, token, in, &out)
	}
	if err := c.Sessions.Delete(c, token); err != nil {
		return out, core.Unavailable(fmt.Errorf("end session: %w", err))
	}
	return out, nil
}

// providerSignOut sends the user on to the sign-out of the provider, if that has
// one.
func (f *Feature) providerSignOut(c *core.Context, token string, in api.SignOutInput, out *api.SignOutOutput) {
	id, err := c.Sessions.Find(c, token)
	if err != nil || id == nil {
		return
	}
	callbackURL := in.CallbackURL
	if callbackURL != "" {
		callbackURL = c.Resolve(callbackURL)
	}
	address, ok := f.options.EndSessionURL(c, id.User.ID, callbackURL, in.State)
	if !ok {
		return
	}
	follow := !in.DisableRedirect
	out.URL, out.Redirect = address, &follow
	if follow {
		c.SetHeader("Location", address)
	}
}
