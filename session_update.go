package ostiary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// Patch is what an update sets: values by the names of additional fields of the
// session, which [core.SessionOptions] declares. A nil value resets a field to
// its default or, when it is optional and has none, to null. [PatchOf] makes one
// of a struct.
type Patch = core.Patch

// FieldError says which field of a patch is refused.
type FieldError = core.FieldError

// Errors of session updates, for errors.Is. They leave session and cookies as
// they were, but for ErrRevoked, with which the cookies are deleted.
var (
	// ErrNoSession means that there is no session to update: nobody is signed in,
	// or no live session has the id.
	ErrNoSession = core.ErrNoSession
	// ErrRevoked means that the session has ended.
	ErrRevoked = core.ErrRevoked
	// ErrConflict means that others changed the session at the same time.
	ErrConflict = core.ErrConflict
	// ErrNothingToUpdate means that the update would change nothing.
	ErrNothingToUpdate = core.ErrNothingToUpdate
	// ErrHeadersSent means that cookies can no longer be set because the response
	// has begun. Update the session before writing to the response.
	ErrHeadersSent = errors.New("session update: the response has begun already, so cookies cannot be set")
)

// UpdateOption refines an update of a session.
type UpdateOption func(*core.SessionUpdate)

// WithReason says in the audit log why the session is updated.
func WithReason(reason string) UpdateOption {
	return func(u *core.SessionUpdate) { u.Reason = reason }
}

// WithRevision makes the update fail with [ErrConflict] unless the session was
// last changed at that time, its UpdatedAt, which has milliseconds. Update times
// of a session grow with every update.
func WithRevision(updatedAt time.Time) UpdateOption {
	return func(u *core.SessionUpdate) { u.Revision = updatedAt }
}

func updateOf(u core.SessionUpdate, options []UpdateOption) core.SessionUpdate {
	for _, option := range options {
		option(&u)
	}
	return u
}

// UpdateSession sets additional fields of the session of a request, in the store
// and in the cookies of the response, and returns the session with its user. It
// may set fields that clients cannot.
//
// Patches of different fields made at the same time all take effect. Other
// devices see a change with their next request. Call it before the response is
// written: behind [Auth.RequireSession] and [Auth.OptionalSession] it fails with
// [ErrHeadersSent] when it is too late, and changes nothing.
func (a *Auth) UpdateSession(w http.ResponseWriter, r *http.Request, p Patch, options ...UpdateOption) (*Identity, error) {
	return a.updateSession(w, r, updateOf(core.SessionUpdate{Patch: p}, options))
}

// MutateSession lets fn change the additional fields of the session of a request,
// which it receives by name. When the session is changed by others meanwhile fn
// is called again with the new state, at most five times; after that the error is
// [ErrConflict]. So fn must do nothing but change the fields. An error that it
// returns is returned, wrapped, and nothing is changed.
//
// The function [MutateSession] does the same with a struct.
func (a *Auth) MutateSession(w http.ResponseWriter, r *http.Request, fn func(fields map[string]any) error, options ...UpdateOption) (*Identity, error) {
	return a.updateSession(w, r, updateOf(core.SessionUpdate{Mutate: fn}, options))
}

// MutateSession lets fn change the additional fields of the session of a request
// as the struct that declared them with [schema.FieldsOf]; see
// [Auth.MutateSession].
func MutateSession[T any](a *Auth, w http.ResponseWriter, r *http.Request, fn func(fields *T) error, options ...UpdateOption) (*Identity, error) {
	return a.MutateSession(w, r, func(fields map[string]any) error {
		typed, err := schema.Extra[T](fields)
		if err != nil {
			return err
		}
		before, err := schema.Values(typed)
		if err != nil {
			return err
		}
		if err := fn(&typed); err != nil {
			return err
		}
		after, err := schema.Values(typed)
		if err != nil {
			return err
		}
		for name, value := range after {
			if !reflect.DeepEqual(before[name], value) {
				fields[name] = value
			}
		}
		return nil
	}, options...)
}

// UpdateSessionByID sets additional fields of any session, by its id. No cookies
// are set: the device sees the change with its next request.
func (a *Auth) UpdateSessionByID(ctx context.Context, sessionID string, p Patch, options ...UpdateOption) (*Identity, error) {
	return a.kernel.UpdateSessionByID(ctx, sessionID, updateOf(core.SessionUpdate{Patch: p}, options))
}

// UpdateUserSessions sets additional fields of all live sessions of a user and
// returns how many were updated. An error of one session does not keep the others
// from being updated.
func (a *Auth) UpdateUserSessions(ctx context.Context, userID string, p Patch, options ...UpdateOption) (int, error) {
	return a.kernel.UpdateUserSessions(ctx, userID, updateOf(core.SessionUpdate{Patch: p}, options))
}

func (a *Auth) updateSession(w http.ResponseWriter, r *http.Request, u core.SessionUpdate) (*Identity, error) {
	if headersSent(w) {
		return nil, ErrHeadersSent
	}
	id, header, err := a.kernel.UpdateSession(r, u)
	replaceCookies(w.Header(), header["Set-Cookie"])
	for name, values := range header {
		if name == "Set-Cookie" {
			continue
		}
		w.Header().Del(name)
		for _, v := range values {
			w.Header().Add(name, v)
		}
	}
	return id, err
}

// replaceCookies adds cookies to a response in place of those of the same name,
// which a guard may have set, together with the chunks of those.
func replaceCookies(h http.Header, lines []string) {
	if len(lines) == 0 {
		return
	}
	names := make(map[string]bool, len(lines))
	for _, line := range lines {
		names[cookieName(line)] = true
	}
	kept := slices.DeleteFunc(slices.Clone(h["Set-Cookie"]), func(line string) bool { return names[cookieName(line)] })
	h["Set-Cookie"] = append(kept, lines...)
}

// cookieName returns the name that a Set-Cookie line sets, without the number of
// a chunk.
func cookieName(line string) string {
	name, _, _ := strings.Cut(line, "=")
	base, number, found := cutLast(name, ".")
	if found && number != "" && strings.Trim(number, "0123456789") == "" {
		return base
	}
	return name
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// SessionFields returns the additional fields of a session as the struct that
// declared them with [schema.FieldsOf]. The fields of a nil identity are zero;
// hidden fields are zero when the identity came from a cookie cache, which never
// has them.
func SessionFields[T any](id *Identity) (T, error) {
	if id == nil {
		var none T
		return none, nil
	}
	fields := maps.Clone(id.Session.Extra)
	if fields == nil {
		fields = map[string]any{}
	}
	maps.Copy(fields, id.Session.Private)
	return schema.Extra[T](fields)
}

// PatchOf returns a patch that sets the named fields, or all fields when none are
// named, to their values in a struct that declared them with [schema.FieldsOf]:
//
//	ostiary.PatchOf(Preferences{Theme: "dark"}, "theme")
//
// A name that the struct does not declare is refused by the update, with a
// [*FieldError].
func PatchOf[T any](value T, names ...string) Patch {
	values, err := schema.Values(value)
	if err != nil {
		return Patch{"": err}
	}
	if len(names) == 0 {
		return values
	}
	patch := make(Patch, len(names))
	for _, name := range names {
		v, declared := values[name]
		if !declared {
			v = fmt.Errorf("%T declares no field %q", value, name)
		}
		patch[name] = v
	}
	return patch
}
