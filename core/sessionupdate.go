package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Patch is what an update sets: values by the names of additional fields of the
// session. A nil value resets a field to its default or, when it is optional and
// has none, to null.
type Patch map[string]any

// PatchSource says who supplied a patch.
type PatchSource string

// The sources of a patch. Clients cannot set fields that are not open to input
// (schema.Field.NoInput); what else they send is ignored. Programs can set all
// additional fields, and naming another one is an error.
const (
	FromServer PatchSource = "server"
	FromClient PatchSource = "client"
)

// SessionUpdate is an update of a session. Patch, Mutate or both say what is to
// be changed.
type SessionUpdate struct {
	Patch Patch
	// Mutate changes the additional fields of the session, by name, as they are
	// after Patch. It is called again when the session was changed meanwhile, so
	// it must do nothing else. An error it returns is that of the update.
	Mutate func(fields map[string]any) error
	// Revision, unless zero, is the update time that the session must still have.
	Revision time.Time
	// Reason is written to the audit log.
	Reason string

	source  PatchSource         // "" is FromServer
	trigger Trigger             // "" is TriggerUpdate
	raw     json.RawMessage     // what the client sent
	shown   *api.SessionAndUser // what it is shown
}

func (u *SessionUpdate) origin() PatchSource {
	if u.source == "" {
		return FromServer
	}
	return u.source
}

// Errors of session updates, for errors.Is. What a client sent for a field is
// refused with a [*FieldError].
var (
	// ErrNoSession means that there is no session to update: nobody is signed in,
	// or no live session has the id.
	ErrNoSession = errors.New("session update: no session")
	// ErrRevoked means that the session has ended. Its cookies are deleted.
	ErrRevoked = errors.New("session update: the session has ended")
	// ErrConflict means that others changed the session at the same time.
	ErrConflict = errors.New("session update: changed by others meanwhile")
	// ErrNothingToUpdate means that the update would change nothing.
	ErrNothingToUpdate = errors.New("session update: nothing to update")
)

// FieldError says which field of a patch is refused. It wraps a
// [*schema.InputError].
type FieldError struct {
	// Field is the name of the field.
	Field string
	// Code is [UnknownField] or one of package schema: FIELD_NOT_ALLOWED,
	// MISSING_FIELD or VALIDATION_ERROR.
	Code string

	cause error
}

// UnknownField is the code of a [FieldError] about a field that a program sets
// although the session has no such additional field.
const UnknownField = "UNKNOWN_FIELD"

// Error describes the error.
func (e *FieldError) Error() string {
	return fmt.Sprintf("session field %s: %v", strconv.Quote(e.Field), e.cause)
}

// Unwrap returns the error that clients are answered with.
func (e *FieldError) Unwrap() error { return e.cause }

func fieldError(name string, err error) error {
	var input *schema.InputError
	if !errors.As(err, &input) {
		return err
	}
	return &FieldError{Field: name, Code: input.Code, cause: input}
}

// SessionUpdatedHeader is the response header that tells a client that its copy
// of the session is old: the program changed the session, or a change made
// elsewhere was noticed. Its value is the time of the change in milliseconds
// since 1970.
const SessionUpdatedHeader = "X-Session-Updated"

const (
	// maxConflicts is how often an update that depends on what it has read is
	// tried again.
	maxConflicts = 5
	// maxPatchAttempts bounds the attempts of a patch. Each that fails means that
	// another update succeeded.
	maxPatchAttempts = 100
	// maxTurnDoublings bounds the wait before another attempt: 128 ms.
	maxTurnDoublings = 7
)

// UpdateSession updates the session of the call and sets its cookies. Errors
// leave session and cookies as they were, but for [ErrRevoked]. The result has
// session and user as they are in the store.
func (c *Context) UpdateSession(u SessionUpdate) (*Identity, error) {
	id, err := c.applyUpdate(&u)
	if err != nil {
		return nil, err
	}
	c.announce(id.Session.UpdatedAt.UnixMilli())
	return id, nil
}

// UpdateSessionByClient updates the session of the call by what a client sent,
// as [Context.UpdateSession] does, and returns what the client is shown.
func (c *Context) UpdateSessionByClient(patch Patch) (*api.SessionAndUser, error) {
	u := SessionUpdate{Patch: patch, source: FromClient}
	if _, err := c.applyUpdate(&u); err != nil {
		return nil, err
	}
	return u.shown, nil
}

func (c *Context) applyUpdate(u *SessionUpdate) (*Identity, error) {
	token, cookieOnly, err := c.updatedToken()
	if err != nil {
		return nil, err
	}
	id, err := c.updateSession(c, token, cookieOnly, u)
	if errors.Is(err, ErrRevoked) {
		return nil, errors.Join(c.ClearSession(), err)
	}
	if err != nil {
		return nil, err
	}
	c.Session = id
	return id, c.SetSession(id, AsBefore)
}

// updatedToken returns the token of the session that the call may update; where
// sessions live in cookies only, the session as well.
func (c *Context) updatedToken() (string, *Identity, error) {
	if c.Session != nil {
		return c.Session.Session.Token, c.Session, nil
	}
	noSession := Fail(http.StatusUnauthorized, api.Unauthorized).Because(ErrNoSession)
	if c.Stateful() {
		token, ok := c.SignedCookie(c.site.cookies.sessionToken.Name)
		if !ok || token == "" {
			return "", nil, noSession
		}
		return token, nil, nil
	}
	id, err := c.ReadSession(ReadOptions{SkipRefresh: true})
	if err != nil {
		return "", nil, err
	}
	if id == nil {
		return "", nil, noSession
	}
	return id.Session.Token, id, nil
}

func (c *Context) announce(revision int64) {
	if revision == revokedRevision {
		return
	}
	c.SetHeader(SessionUpdatedHeader, strconv.FormatInt(revision, 10))
	c.ExposeHeader(SessionUpdatedHeader)
}

// UpdateSession updates the session of an HTTP request, without an endpoint
// being called. The header returned has the cookies to set, also when it fails.
func (k *Kernel) UpdateSession(r *http.Request, u SessionUpdate) (*Identity, http.Header, error) {
	c := &Context{Context: r.Context(), Kernel: k, Method: r.Method, Header: r.Header, Request: r, response: responseHead{jar: newJar(k)}}
	var err error
	if c.site, err = k.siteOf(r, r.Header); err != nil {
		return nil, nil, err
	}
	c.takeToken()
	id, err := c.UpdateSession(u)
	if err != nil && !errors.Is(err, ErrRevoked) {
		return nil, nil, err
	}
	return id, c.ResponseHeader(), err
}

// UpdateSessionByID updates the session of an id. No cookies are set: devices
// see the change with their next request.
func (k *Kernel) UpdateSessionByID(ctx context.Context, id string, u SessionUpdate) (*Identity, error) {
	found, err := k.Sessions.store.byID(ctx, id)
	if err != nil {
		return nil, err
	}
	if found == nil || !found.TimeAt(schema.SessionExpiresAt).After(k.Now()) {
		return nil, FailWith(http.StatusNotFound, "SESSION_NOT_FOUND", "Session not found").Because(ErrNoSession)
	}
	return k.updateSession(ctx, found.StringAt(schema.SessionToken), nil, &u)
}

// UpdateUserSessions updates all live sessions of a user and returns how many
// were updated. Sessions are updated one by one; an error of one does not keep
// the others from being updated.
func (k *Kernel) UpdateUserSessions(ctx context.Context, userID string, u SessionUpdate) (int, error) {
	if _, err := k.Sessions.parsePatch(&u); err != nil {
		return 0, err
	}
	live, err := k.Sessions.store.list(ctx, userID, maxHookedRows)
	if err != nil {
		return 0, err
	}
	updated := 0
	var failures []error
	for _, session := range live {
		_, err := k.updateSession(ctx, session.StringAt(schema.SessionToken), nil, &u)
		switch {
		case err == nil:
			updated++
		case !errors.Is(err, ErrRevoked): // it ended meanwhile
			failures = append(failures, err)
		}
	}
	return updated, errors.Join(failures...)
}

// updateSession is what every update of a session goes through. It reads the
// session and its user from the store, never from a cookie: only where there is
// no store does cookieOnly count.
func (k *Kernel) updateSession(ctx context.Context, token string, cookieOnly *Identity, u *SessionUpdate) (*Identity, error) {
	patch, err := k.Sessions.parsePatch(u)
	if err != nil {
		return nil, err
	}
	for attempt := range maxPatchAttempts {
		if err := k.waitTurn(ctx, attempt); err != nil {
			return nil, err
		}
		current, err := k.liveSession(ctx, token)
		if err != nil {
			return nil, err
		}
		if current == nil && !k.stateful && cookieOnly != nil {
			return k.updateCookieOnly(ctx, cookieOnly, patch, u)
		}
		if current == nil {
			return nil, revoked()
		}
		updated, err := k.attemptUpdate(ctx, current, patch, u)
		if updated != nil || err != nil {
			return updated, err
		}
		if attempt >= maxConflicts && k.dependsOnReading(u) {
			break
		}
	}
	return nil, conflict()
}

func revoked() error {
	return Fail(http.StatusUnauthorized, api.FailedToGetSession).Because(ErrRevoked)
}

func conflict() error {
	return FailWith(http.StatusConflict, "CONFLICT", "Session was changed by another request").Because(ErrConflict)
}

func nothingToUpdate() error {
	return Fail(http.StatusBadRequest, api.NoFieldsToUpdate).Because(ErrNothingToUpdate)
}

// dependsOnReading reports whether what an update writes depends on what it has
// read, so that it must not be written over the change of another one.
func (k *Kernel) dependsOnReading(u *SessionUpdate) bool {
	return u.Mutate != nil || k.config.Session.Callbacks.Token != nil || !u.Revision.IsZero()
}

// liveSession returns the session of a token with its user from the store; nil
// when it has ended.
func (k *Kernel) liveSession(ctx context.Context, token string) (*Identity, error) {
	id, err := k.Sessions.Find(ctx, token)
	if err != nil || id == nil || !id.Session.ExpiresAt.After(k.Now()) {
		return nil, err
	}
	return id, nil
}

// attemptUpdate makes the change once. It returns nil when another update came
// in between.
func (k *Kernel) attemptUpdate(ctx context.Context, current *Identity, patch schema.Row, u *SessionUpdate) (*Identity, error) {
	before := current.Session.UpdatedAt.Truncate(time.Millisecond)
	if !u.Revision.IsZero() && !before.Equal(u.Revision.Truncate(time.Millisecond)) {
		return nil, conflict()
	}
	change, err := k.computeChange(ctx, current, patch, u)
	if errors.Is(err, ErrRevokeSession) {
		return nil, k.revokeByCallback(ctx, current)
	}
	if err != nil {
		return nil, err
	}
	stamp := k.stampAfter(before)
	when := condition{live: database.Milliseconds(k.Now()), before: stamp}
	if k.dependsOnReading(u) {
		when.from, when.before = before, before.Add(time.Millisecond)
	}
	if err := k.showUpdate(ctx, current, change, patch, stamp, u); err != nil {
		return nil, err
	}
	stored, err := k.Sessions.writeUpdate(ctx, current.Session.Token, change, stamp, when)
	if err != nil || stored == nil {
		return nil, err
	}
	k.auditUpdate(ctx, stored, change, u)
	updated := &Identity{Session: *stored, User: current.User}
	if u.shown == nil {
		u.shown = shownAsIs(updated)
	}
	return updated, nil
}

// showUpdate asks the View callback what a client is to be shown of an update,
// before it is made, so that one whose outcome cannot be shown is not made.
func (k *Kernel) showUpdate(ctx context.Context, current *Identity, change, patch schema.Row, stamp time.Time, u *SessionUpdate) error {
	if u.source != FromClient || k.config.Session.Callbacks.View == nil {
		return nil
	}
	next := &Identity{Session: current.Session.With(change), User: current.User}
	next.Session.UpdatedAt = stamp
	event := u.event(current, k.Sessions.fieldsOf(next), patch)
	var err error
	u.shown, err = k.show(ctx, event, next)
	return err
}

// waitTurn waits before another attempt, so that many updates of a session at
// once do not keep each other from succeeding.
func (k *Kernel) waitTurn(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return nil
	}
	longest := time.Millisecond << min(attempt, maxTurnDoublings)
	turn := time.NewTimer(longest * time.Duration(k.Random.Bytes(1)[0]) / 256)
	defer turn.Stop()
	select {
	case <-turn.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stampAfter returns the update time of a change to a session that was last
// changed at before. Update times of a session grow strictly, also within a
// millisecond and when the clock is turned back, so that they tell states apart.
func (k *Kernel) stampAfter(before time.Time) time.Time {
	stamp := database.Milliseconds(k.Now())
	if !stamp.After(before) {
		stamp = database.Milliseconds(before).Add(time.Millisecond)
	}
	return stamp
}

// writeUpdate changes the session of a token if a condition holds; otherwise it
// returns nil. The database hooks run.
func (s *Sessions) writeUpdate(ctx context.Context, token string, change schema.Row, stamp time.Time, when condition) (*Session, error) {
	session, err := s.update(ctx, token, change, stamp, when)
	if errors.Is(err, ErrAbort) {
		return nil, FailWith(http.StatusBadRequest, "SESSION_UPDATE_REFUSED", "Session update refused").Because(err)
	}
	if session != nil {
		s.k.sessionChanged(ctx, session)
	}
	return session, err
}

// updateCookieOnly changes a session that is in no store.
func (k *Kernel) updateCookieOnly(ctx context.Context, id *Identity, patch schema.Row, u *SessionUpdate) (*Identity, error) {
	change, err := k.computeChange(ctx, id, patch, u)
	if errors.Is(err, ErrRevokeSession) {
		return nil, revoked()
	}
	if err != nil {
		return nil, err
	}
	if err := k.showUpdate(ctx, id, change, patch, id.Session.UpdatedAt, u); err != nil {
		return nil, err
	}
	updated := &Identity{Session: id.Session.With(change), User: id.User}
	k.auditUpdate(ctx, &updated.Session, change, u)
	if u.shown == nil {
		u.shown = shownAsIs(updated)
	}
	return updated, nil
}

// auditUpdate writes the audit log: which fields were changed, never to what.
func (k *Kernel) auditUpdate(ctx context.Context, s *Session, change schema.Row, u *SessionUpdate) {
	var changed []string
	for i, f := range change.Table().Fields {
		if change.Has(i) {
			changed = append(changed, f.Name)
		}
	}
	trigger := u.trigger
	if trigger == "" {
		trigger = TriggerUpdate
	}
	k.Log.InfoContext(ctx, "session.updated", "trigger", trigger, "source", u.origin(), "sessionID", s.ID, "userID", s.UserID,
		"changed", changed, "revision", s.UpdatedAt.UnixMilli(), "reason", u.Reason)
}

// Limits of what clients send.
const (
	maxPatchBytes = 8 << 10
	maxPatchDepth = 8
)

// parsePatch returns the values that a patch sets, checked.
func (s *Sessions) parsePatch(u *SessionUpdate) (schema.Row, error) {
	parse := s.parseServerPatch
	if u.source == FromClient {
		parse = s.parseClientPatch
	}
	row, err := parse(u)
	if err != nil {
		return row, err
	}
	if row.IsEmpty() && u.Mutate == nil && s.k.config.Session.Callbacks.Token == nil {
		return row, nothingToUpdate()
	}
	return row, nil
}

// parseClientPatch reads what a client sent: fields that are not open to input
// are refused, unknown ones ignored.
func (s *Sessions) parseClientPatch(u *SessionUpdate) (schema.Row, error) {
	raw, err := json.Marshal(map[string]any(u.Patch))
	if err != nil {
		return schema.Row{}, fmt.Errorf("read session patch: %w", err)
	}
	if len(raw) > maxPatchBytes {
		return schema.Row{}, Fail(http.StatusRequestEntityTooLarge, api.PayloadTooLarge)
	}
	if depth(map[string]any(u.Patch)) > maxPatchDepth {
		return schema.Row{}, FailWith(http.StatusBadRequest, schema.ValidationError, "Invalid input: nested too deeply")
	}
	u.raw = raw
	row := s.table.NewRow()
	for _, at := range s.input {
		f := &s.table.Fields[at]
		value, given := u.Patch[f.Name]
		if !given {
			continue
		}
		one, err := schema.ParseInput(s.table, []int{at}, map[string]any{f.Name: value}, false, s.k.Now)
		if err != nil {
			return row, fieldError(f.Name, err)
		}
		if !one.Has(at) {
			continue
		}
		exact, err := f.Settle(one.At(at), s.k.Now())
		if err != nil {
			return row, fieldError(f.Name, err)
		}
		row.SetAt(at, exact)
	}
	return row, nil
}

// parseServerPatch reads what the program wants. It may set every additional
// field, and no other.
func (s *Sessions) parseServerPatch(u *SessionUpdate) (schema.Row, error) {
	row := s.table.NewRow()
	for name, value := range u.Patch {
		if err := s.accept(row, name, value); err != nil {
			return row, err
		}
	}
	return row, nil
}

// accept sets an additional field of a row to a value of the program's.
func (s *Sessions) accept(row schema.Row, name string, value any) error {
	if err, wrong := value.(error); wrong { // how a patch made of a struct says so
		return unknownField(name, err.Error())
	}
	at := s.table.Position(name)
	if !slices.Contains(s.input, at) {
		return unknownField(name, name+" is not an additional field of the session")
	}
	exact, err := s.table.Fields[at].Accept(value, s.k.Now())
	if err != nil {
		return fieldError(name, err)
	}
	row.SetAt(at, exact)
	return nil
}

func unknownField(name, message string) error {
	return fieldError(name, &schema.InputError{Code: UnknownField, Message: message, Status: http.StatusBadRequest})
}

// depth returns how deeply lists and objects are nested.
func depth(value any) int {
	deepest := 0
	switch v := value.(type) {
	case map[string]any:
		for _, member := range v {
			deepest = max(deepest, depth(member))
		}
	case []any:
		for _, item := range v {
			deepest = max(deepest, depth(item))
		}
	default:
		return 0
	}
	return deepest + 1
}
