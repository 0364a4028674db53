package core

import (
	"maps"
	"strings"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/schema"
)

// User is a user as it is stored. The embedded [api.User] is what clients may
// see of it; it is also the user's JSON form.
type User struct {
	api.User
	// Private holds the additional fields that are hidden from clients, by name.
	Private map[string]any
}

// Session is a session as it is stored. The embedded [api.Session] is what
// clients may see of it.
type Session struct {
	api.Session
	// Private holds the additional fields that are hidden from clients, by name.
	Private map[string]any
}

// Identity is a session with its user: the answer to "whose request is this?".
// One that was read from the cookie cache has no private fields.
type Identity struct {
	Session Session
	User    User
	// NeedsRefresh is set by a read that found the session due for a new
	// lifetime but was not allowed to give it one.
	NeedsRefresh *bool
}

// Fresh reports whether the session was signed in so recently that sensitive
// endpoints accept it.
func (k *Kernel) Fresh(s *Session) bool {
	return k.lifetime.fresh <= 0 || k.Now().Sub(s.CreatedAt) < k.lifetime.fresh
}

// Account is a way in which a user signs in, as it is stored.
type Account struct {
	ID                    string
	AccountID             string // the id at the provider; the user id for passwords
	ProviderID            string
	UserID                string
	AccessToken           *string
	RefreshToken          *string
	IDToken               *string
	AccessTokenExpiresAt  time.Time // zero when not known
	RefreshTokenExpiresAt time.Time
	Scope                 *string // comma separated
	Password              *string // the hash
	CreatedAt             time.Time
	UpdatedAt             time.Time
	Extra                 map[string]any // additional fields that the user may see
	Private               map[string]any // and those that the user may not
}

// CredentialProvider is the provider id of accounts that are a password.
const CredentialProvider = "credential"

// Verification is a single-use value that was handed out.
type Verification struct {
	ID         string
	Identifier string
	Value      string
	ExpiresAt  time.Time
	CreatedAt  time.Time
}

// extras splits the fields of a row behind its core fields into those that
// clients may see and those that they may not.
func extras(row schema.Row, from int) (public, private map[string]any) {
	fields := row.Table().Fields
	for i := from; i < len(fields); i++ {
		if !row.Has(i) {
			continue
		}
		into := &public
		if fields[i].Hidden {
			into = &private
		}
		if *into == nil {
			*into = make(map[string]any, len(fields)-from)
		}
		(*into)[fields[i].Name] = row.At(i)
	}
	return public, private
}

func userOf(row schema.Row) User {
	u := User{User: api.User{
		ID:            row.StringAt(schema.UserID),
		Name:          row.StringAt(schema.UserName),
		Email:         row.StringAt(schema.UserEmail),
		EmailVerified: row.BoolAt(schema.UserEmailVerified),
		Image:         row.TextAt(schema.UserImage),
		CreatedAt:     row.TimeAt(schema.UserCreatedAt),
		UpdatedAt:     row.TimeAt(schema.UserUpdatedAt),
	}}
	u.Extra, u.Private = extras(row, schema.UserCoreFields)
	return u
}

func sessionOf(row schema.Row) Session {
	s := Session{Session: api.Session{
		ID:        row.StringAt(schema.SessionID),
		Token:     row.StringAt(schema.SessionToken),
		UserID:    row.StringAt(schema.SessionUserID),
		ExpiresAt: row.TimeAt(schema.SessionExpiresAt),
		CreatedAt: row.TimeAt(schema.SessionCreatedAt),
		UpdatedAt: row.TimeAt(schema.SessionUpdatedAt),
		IPAddress: row.TextAt(schema.SessionIPAddress),
		UserAgent: row.TextAt(schema.SessionUserAgent),
	}}
	s.Extra, s.Private = extras(row, schema.SessionCoreFields)
	return s
}

func accountOf(row schema.Row) Account {
	public, private := extras(row, schema.AccountCoreFields)
	return Account{
		ID:                    row.StringAt(schema.AccountID),
		AccountID:             row.StringAt(schema.AccountAccountID),
		ProviderID:            row.StringAt(schema.AccountProviderID),
		UserID:                row.StringAt(schema.AccountUserID),
		AccessToken:           row.TextAt(schema.AccountAccessToken),
		RefreshToken:          row.TextAt(schema.AccountRefreshToken),
		IDToken:               row.TextAt(schema.AccountIDToken),
		AccessTokenExpiresAt:  row.TimeAt(schema.AccountAccessTokenExpiresAt),
		RefreshTokenExpiresAt: row.TimeAt(schema.AccountRefreshTokenExpiresAt),
		Scope:                 row.TextAt(schema.AccountScope),
		Password:              row.TextAt(schema.AccountPassword),
		CreatedAt:             row.TimeAt(schema.AccountCreatedAt),
		UpdatedAt:             row.TimeAt(schema.AccountUpdatedAt),
		Extra:                 public,
		Private:               private,
	}
}

func verificationOf(row schema.Row) Verification {
	return Verification{
		ID:         row.StringAt(schema.VerificationID),
		Identifier: row.StringAt(schema.VerificationIdentifier),
		Value:      row.StringAt(schema.VerificationValue),
		ExpiresAt:  row.TimeAt(schema.VerificationExpiresAt),
		CreatedAt:  row.TimeAt(schema.VerificationCreatedAt),
	}
}

// With returns the session with the additional fields that a change sets. It
// serves sessions that live in a cookie only.
func (s Session) With(change schema.Row) Session {
	s.Extra, s.Private = maps.Clone(s.Extra), maps.Clone(s.Private)
	public, private := extras(change, schema.SessionCoreFields)
	s.Extra, s.Private = withAll(s.Extra, public), withAll(s.Private, private)
	return s
}

// With returns the user with what a change sets. It serves users that live in a
// cookie only.
func (u User) With(change schema.Row) User {
	if change.Has(schema.UserName) {
		u.Name = change.StringAt(schema.UserName)
	}
	if change.Has(schema.UserImage) {
		u.Image = change.TextAt(schema.UserImage)
	}
	u.Extra, u.Private = maps.Clone(u.Extra), maps.Clone(u.Private)
	public, private := extras(change, schema.UserCoreFields)
	u.Extra, u.Private = withAll(u.Extra, public), withAll(u.Private, private)
	return u
}

func withAll(into, from map[string]any) map[string]any {
	if into == nil {
		return from
	}
	maps.Copy(into, from)
	return into
}

// Public returns what the user may see of the account.
func (a *Account) Public() api.Account {
	out := api.Account{
		ID: a.ID, AccountID: a.AccountID, ProviderID: a.ProviderID, UserID: a.UserID,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, Extra: a.Extra,
	}
	if a.Scope != nil && *a.Scope != "" {
		out.Scopes = strings.Split(*a.Scope, ",")
	}
	return out
}

// clone returns a copy that shares no maps, lists or objects with the identity.
func (id *Identity) clone() Identity {
	c := *id
	c.Session, c.User = id.Session.clone(), id.User.clone()
	return c
}

func (s *Session) clone() Session {
	c := *s
	c.Extra, c.Private = cloneFields(s.Extra), cloneFields(s.Private)
	return c
}

func (u *User) clone() User {
	c := *u
	c.Extra, c.Private = cloneFields(u.Extra), cloneFields(u.Private)
	return c
}

func cloneFields(fields map[string]any) map[string]any {
	out := maps.Clone(fields)
	for name, value := range out {
		out[name] = schema.CloneValue(value)
	}
	return out
}
