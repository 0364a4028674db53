package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/schema"
)

// SessionCallbacks are the application's code around sessions. They run without
// any lock held, on copies of their own, and have a deadline. When one fails,
// panics or takes too long, nothing has happened: the session is as it was,
// cookies are not touched, and nobody is signed out.
type SessionCallbacks struct {
	// Token may change the additional fields of a session, in Fields of the event:
	// when the session begins, before it is stored; when it is updated, after the
	// patch was applied; and, with TokenOnRead, when it is read from the store.
	// What it sets is validated and stored with the rest. An error ends the sign-in
	// or the update; an [*APIError] is what the client is answered with. Returning
	// [ErrRevokeSession] ends the session, or keeps it from beginning.
	//
	// When the session changes meanwhile, the callback is called again with the new
	// state. Do nothing in it that must happen once.
	Token func(ctx context.Context, e *SessionEvent) error
	// TokenOnRead also calls Token, with [TriggerRead], whenever a session is read
	// from the store: with the cookie cache on, that is once per
	// CookieCache.MaxAge and device. A failure is logged, and the session is served
	// as it was. Default false.
	TokenOnRead bool
	// View may change what the client is shown of session and user by get-session
	// and update-session, for example remove fields. What is stored, and what the
	// program sees, stays as it is. When it fails, so does the request; an update is
	// then not made.
	View func(ctx context.Context, e *SessionEvent, shown *api.SessionAndUser) error
	// Timeout is how long a callback may take. Default 2 seconds.
	Timeout time.Duration
}

// Trigger says why a session callback runs.
type Trigger string

// The triggers.
const (
	TriggerSignIn Trigger = "signIn" // a session begins
	TriggerSignUp Trigger = "signUp" // a session begins for a user created by the same call
	TriggerUpdate Trigger = "update" // a session is updated
	TriggerRead   Trigger = "read"   // a session is read
)

// SessionEvent is what a session callback is told.
type SessionEvent struct {
	Trigger Trigger
	// Source says who supplied the patch; of updates only.
	Source PatchSource
	// Session is the session before the change. At sign-in it has the owner only.
	Session Session
	// User is the user, as read from the store.
	User User
	// Fields are the additional fields of the session by name, hidden ones included,
	// with the patch applied. Token may change them. [schema.Extra] makes a struct of
	// them.
	Fields map[string]any
	// Patch is what the update sets, checked, by the Go types of the fields; of
	// updates only.
	Patch Patch
	// Raw is what the client sent: unchecked, fields that nobody declared included.
	// Of updates by clients only.
	Raw json.RawMessage
}

// ErrRevokeSession ends the session when a Token callback returns it.
var ErrRevokeSession = errors.New("session callback: revoke the session")

// computeChange returns what an update sets: the patch, with what Mutate and the
// callback change.
func (k *Kernel) computeChange(ctx context.Context, current *Identity, patch schema.Row, u *SessionUpdate) (schema.Row, error) {
	token := k.config.Session.Callbacks.Token
	if u.Mutate == nil && token == nil {
		return patch, nil
	}
	before := k.Sessions.fieldsOf(current)
	maps.Copy(before, patch.Map())
	fields := cloneFields(before)
	if u.Mutate != nil {
		if err := recovered(func() error { return u.Mutate(fields) }); err != nil {
			return patch, fmt.Errorf("session update: %w", err)
		}
	}
	if token != nil {
		var err error
		event := u.event(current, fields, patch)
		if fields, err = k.runToken(ctx, event); err != nil {
			return patch, err
		}
	}
	change := patch.Clone()
	if err := k.Sessions.acceptChanges(change, before, fields); err != nil {
		return patch, err
	}
	if change.IsEmpty() {
		return patch, nothingToUpdate()
	}
	return change, nil
}

// event returns what a callback is told of an update. Everything in it is the
// callback's own.
func (u *SessionUpdate) event(current *Identity, fields map[string]any, patch schema.Row) *SessionEvent {
	e := &SessionEvent{Trigger: u.trigger, Session: current.Session.clone(), User: current.User.clone(), Fields: cloneFields(fields)}
	if e.Trigger == "" {
		e.Trigger = TriggerUpdate
	}
	if e.Trigger == TriggerUpdate {
		e.Source, e.Patch, e.Raw = u.origin(), cloneFields(patch.Map()), slices.Clone(u.raw)
	}
	return e
}

// runToken calls the Token callback and returns the fields as it left them.
func (k *Kernel) runToken(ctx context.Context, e *SessionEvent) (map[string]any, error) {
	err := k.callback(ctx, "Token", func(ctx context.Context) error { return k.config.Session.Callbacks.Token(ctx, e) })
	if err != nil {
		return nil, err
	}
	return e.Fields, nil
}

// callback runs the application's code with a deadline. When that has passed the
// code may still be running, on data that is its own.
func (k *Kernel) callback(ctx context.Context, name string, run func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, contextKey{}, (*Context)(nil)), k.config.Session.Callbacks.Timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- recovered(func() error { return run(ctx) }) }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("session callback %s: %w", name, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("session callback %s: %w", name, context.Cause(ctx))
	}
}

func recovered(run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
	}()
	return run()
}

// acceptChanges adds to a change what differs between fields before and after.
// A field that was removed is reset.
func (s *Sessions) acceptChanges(change schema.Row, before, after map[string]any) error {
	for name, value := range after {
		if old, had := before[name]; had && reflect.DeepEqual(old, value) {
			continue
		}
		patched := change.Given(name)
		if err := s.accept(change, name, value); err != nil {
			return err
		}
		if !patched && reflect.DeepEqual(before[name], change.Get(name)) {
			change.Unset(s.table.Position(name)) // the same, said differently
		}
	}
	for name := range before {
		if _, kept := after[name]; !kept {
			if err := s.accept(change, name, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldsOf returns all additional fields of a session by name; those without a
// value are nil.
func (s *Sessions) fieldsOf(id *Identity) map[string]any {
	fields := make(map[string]any, len(s.input))
	for _, at := range s.input {
		fields[s.table.Fields[at].Name] = nil
	}
	maps.Copy(fields, id.Session.Extra)
	maps.Copy(fields, id.Session.Private)
	return fields
}

// revokeByCallback ends a session because the Token callback said so.
func (k *Kernel) revokeByCallback(ctx context.Context, id *Identity) error {
	if err := k.Sessions.Delete(ctx, id.Session.Token); err != nil {
		return err
	}
	return revoked()
}

// tokenOnRead lets the Token callback look at a session that was read from the
// store. It returns nil when the callback has ended the session.
func (c *Context) tokenOnRead(id *Identity) (*Identity, error) {
	callbacks := &c.config.Session.Callbacks
	if callbacks.Token == nil || !callbacks.TokenOnRead {
		return id, nil
	}
	updated, err := c.updateSession(c, id.Session.Token, nil, &SessionUpdate{trigger: TriggerRead})
	switch {
	case err == nil:
		return updated, nil
	case errors.Is(err, ErrRevoked):
		return nil, nil
	case !errors.Is(err, ErrNothingToUpdate):
		c.Log.WarnContext(c, "session served as it was", "error", err)
	}
	return id, nil
}

// tokenOnSignIn lets the Token callback look at the row of a session that is
// about to begin.
func (s *Sessions) tokenOnSignIn(ctx context.Context, user *User, row schema.Row) error {
	if s.k.config.Session.Callbacks.Token == nil {
		return nil
	}
	e := &SessionEvent{Trigger: TriggerSignIn, User: user.clone(), Fields: make(map[string]any, len(s.input))}
	e.Session.UserID = user.ID
	if c := FromContext(ctx); c != nil && c.created == user.ID {
		e.Trigger = TriggerSignUp
	}
	for _, at := range s.input {
		f := &s.table.Fields[at]
		value := row.At(at)
		if value == nil {
			value = f.DefaultValue(s.k.Now())
		}
		e.Fields[f.Name] = value
	}
	before := cloneFields(e.Fields)
	after, err := s.k.runToken(ctx, e)
	if err != nil {
		return err
	}
	return s.acceptChanges(row, before, after)
}

// Show returns what the client is shown of a session: all of it, unless a View
// callback changes that.
func (c *Context) Show(trigger Trigger, id *Identity) (*api.SessionAndUser, error) {
	if c.config.Session.Callbacks.View == nil {
		return shownAsIs(id), nil
	}
	u := &SessionUpdate{trigger: trigger}
	return c.show(c, u.event(id, c.Sessions.fieldsOf(id), c.Sessions.table.NewRow()), id)
}

func shownAsIs(id *Identity) *api.SessionAndUser {
	return &api.SessionAndUser{Session: id.Session.Session, User: id.User.User, NeedsRefresh: id.NeedsRefresh}
}

// show calls the View callback.
func (k *Kernel) show(ctx context.Context, e *SessionEvent, id *Identity) (*api.SessionAndUser, error) {
	session, user := id.Session.clone(), id.User.clone()
	shown := shownAsIs(&Identity{Session: session, User: user, NeedsRefresh: id.NeedsRefresh})
	err := k.callback(ctx, "View", func(ctx context.Context) error { return k.config.Session.Callbacks.View(ctx, e, shown) })
	if err != nil {
		return nil, err
	}
	return shown, nil
}
