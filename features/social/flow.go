package social

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/jstext"
	"github.com/ostiary/ostiary/internal/random"
)

// Flow is a sign-in, or the linking of an account, between the moment when the
// user is sent to the provider and the moment when the user is back. Hooks find
// the one that they serve by [FlowFrom].
type Flow struct {
	// CallbackURL, ErrorURL and NewUserURL are where to go afterwards. The last
	// two may be "".
	CallbackURL, ErrorURL, NewUserURL string
	// RequestSignUp is whether the client asked for sign-up; nil when it did not
	// say.
	RequestSignUp *bool
	// LinkUserID is the user to whom the account is to be linked; "" for a
	// sign-in.
	LinkUserID string
	// Additional is what the client wants to find again. It is the client's word.
	Additional map[string]any

	state     string
	verifier  string
	nonce     string
	link      *flowLink
	expiresAt time.Time
}

// flowLink is who asked for an account to be linked.
type flowLink struct {
	UserID       string `json:"userId"`
	Email        string `json:"email"`
	SessionToken string `json:"encryptedSessionToken"`
}

const (
	stateLength = 32
	nonceLength = 32
	// flowLifetime is how long a user may take at the provider.
	flowLifetime = 10 * time.Minute
	// maxFlow bounds the additional data of a client, which is stored before
	// anybody has signed in.
	maxFlow = 16 << 10
)

// newFlow begins a flow with a provider.
func newFlow(c *core.Context, p Provider) *Flow {
	f := &Flow{
		state:     c.Random.String(stateLength, random.URLSafe),
		expiresAt: c.Now().Add(flowLifetime),
	}
	f.verifier = newVerifier(c.Kernel, f.state, p.ID())
	if p.Traits().Nonce {
		f.nonce = c.Random.String(nonceLength, random.URLSafe)
	}
	return f
}

// State returns the state of the flow, which the provider sends back.
func (f *Flow) State() string { return f.state }

// ExpiresAt returns when the flow ends.
func (f *Flow) ExpiresAt() time.Time { return f.expiresAt }

type flowKey struct{}

// FlowFrom returns the flow that a call begins or completes, or nil.
func FlowFrom(ctx context.Context) *Flow {
	f, _ := ctx.Value(flowKey{}).(*Flow)
	return f
}

// serverMembers are the members of a flow's JSON that no client can set.
var serverMembers = []string{
	"callbackURL", "codeVerifier", "errorURL", "newUserURL", "link", "serverContext", "expiresAt", "requestSignUp", "idTokenNonce", "oauthState",
}

// Encode returns the JSON text of the flow as Better Auth 1.7 writes it: what
// the client added first, then what counts.
func (f *Flow) Encode() ([]byte, error) {
	b := []byte{'{'}
	var failed error
	add := func(name string, value any) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(jstext.AppendString(b, name), ':')
		var err error
		if b, err = jstext.Append(b, value); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	text := func(name, value string) {
		if value != "" {
			add(name, value)
		}
	}
	names := make([]string, 0, len(f.Additional))
	for name := range f.Additional {
		if !slices.Contains(serverMembers, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		add(name, f.Additional[name])
	}
	text("callbackURL", f.CallbackURL)
	text("codeVerifier", f.verifier)
	text("errorURL", f.ErrorURL)
	text("newUserURL", f.NewUserURL)
	if f.link != nil {
		add("link", f.link)
	}
	add("expiresAt", f.expiresAt.UnixMilli())
	if f.RequestSignUp != nil {
		add("requestSignUp", *f.RequestSignUp)
	}
	text("idTokenNonce", f.nonce)
	text("oauthState", f.state)
	if failed != nil {
		return nil, fmt.Errorf("encode flow: %w", failed)
	}
	return append(b, '}'), nil
}

// DecodeFlow reads what [Flow.Encode] wrote.
func DecodeFlow(text []byte) (*Flow, error) {
	var all map[string]any
	var members map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(text, &all), json.Unmarshal(text, &members)); err != nil {
		return nil, fmt.Errorf("decode flow: %w", err)
	}
	// Read by exact names: package json would take what a client calls "LINK" for
	// the link.
	f, problems, expiresAt := &Flow{Additional: all}, []error(nil), 0.0
	for name, into := range map[string]any{
		"callbackURL": &f.CallbackURL, "errorURL": &f.ErrorURL, "newUserURL": &f.NewUserURL, "requestSignUp": &f.RequestSignUp,
		"oauthState": &f.state, "codeVerifier": &f.verifier, "idTokenNonce": &f.nonce, "link": &f.link, "expiresAt": &expiresAt,
	} {
		if value, given := members[name]; given {
			problems = append(problems, json.Unmarshal(value, into))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("decode flow: %w", err)
	}
	if f.CallbackURL == "" || f.verifier == "" || expiresAt <= 0 || expiresAt > 1<<53 {
		return nil, errors.New("decode flow: members are missing")
	}
	for _, name := range serverMembers {
		delete(all, name)
	}
	f.expiresAt = time.UnixMilli(int64(expiresAt))
	if f.link != nil {
		f.LinkUserID = f.link.UserID
	}
	return f, nil
}
