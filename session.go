package ostiary

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// Identity is a session with its user: the answer to "whose request is this?".
type Identity = core.Identity

// Session finds out whose request it is; nil when nobody is signed in. It reads
// the session only: it neither prolongs it nor sets cookies, for which use
// [Auth.RequireSession] or [Auth.OptionalSession]. An error means that it could
// not be found out; treat the request as anonymous.
func (a *Auth) Session(r *http.Request) (*Identity, error) {
	id, _, err := a.kernel.Identify(r, core.ReadOptions{SkipRefresh: true})
	return id, err
}

// RequireSession lets signed-in users through to next, which gets the session
// with [SessionFrom]. Everybody else is answered 401, and 503 when it cannot be
// found out who is asking.
func (a *Auth) RequireSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := a.identify(w, r)
		if !ok {
			return
		}
		if id == nil {
			refuse(w, core.Fail(http.StatusUnauthorized, api.Unauthorized))
			return
		}
		next.ServeHTTP(watch(w), r.WithContext(withSession(r.Context(), id)))
	})
}

// OptionalSession lets everybody through to next, which gets the session with
// [SessionFrom], if there is one.
func (a *Auth) OptionalSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := a.identify(w, r)
		if !ok {
			return
		}
		next.ServeHTTP(watch(w), r.WithContext(withSession(r.Context(), id)))
	})
}

// identify finds out whose request it is and sets the cookies that come of it.
func (a *Auth) identify(w http.ResponseWriter, r *http.Request) (*Identity, bool) {
	id, header, err := a.kernel.Identify(r, core.ReadOptions{})
	for name, values := range header {
		for _, v := range values {
			w.Header().Add(name, v)
		}
	}
	if err == nil {
		return id, true
	}
	failed := core.AsAPIError(err)
	if failed == nil || failed.Status >= http.StatusInternalServerError {
		a.kernel.Log.ErrorContext(r.Context(), "session could not be read", "error", err)
		failed = core.Unavailable(err)
	}
	refuse(w, failed)
	return nil, false
}

func refuse(w http.ResponseWriter, failed *core.APIError) {
	body, err := failed.MarshalJSON()
	if err != nil {
		body = nil
	}
	if after := failed.Header.Get("Retry-After"); after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(failed.Status)
	_, _ = w.Write(body) // the client is gone if this fails
}

type sessionKey struct{}

func withSession(ctx context.Context, id *Identity) context.Context {
	if id == nil {
		return ctx
	}
	return context.WithValue(ctx, sessionKey{}, id)
}

// SessionFrom returns the session that [Auth.RequireSession] or
// [Auth.OptionalSession] found, or nil.
func SessionFrom(ctx context.Context) *Identity {
	id, _ := ctx.Value(sessionKey{}).(*Identity)
	return id
}
