package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/internal/jstext"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/schema"
)

// accountCookieAge is the lifetime of an account cookie whose definition has
// none.
const accountCookieAge = 5 * time.Minute

// SetAccountCookie keeps an account in an encrypted cookie, if the options ask
// for that. Its tokens are written as they are stored.
func (c *Context) SetAccountCookie(a *Account) error {
	if !c.config.Account.StoreAccountCookie {
		return nil
	}
	return c.writeAccountCookie(a.claims(c.Stateful()))
}

// AccountCookie returns the account in the request's cookie; nil when there is
// none that can be opened.
func (c *Context) AccountCookie() *Account {
	text, ok := c.accountCookieText()
	if !ok {
		return nil
	}
	return readAccount(text, c.Accounts.table)
}

func (c *Context) accountCookieText() (json.RawMessage, bool) {
	if !c.config.Account.StoreAccountCookie {
		return nil, false
	}
	text, ok := cookie.GetChunked(c.Header["Cookie"], c.site.cookies.accountData.Name)
	if !ok || text == "" {
		return nil, false
	}
	claims, err := c.Secrets.DecryptJWE(secret.AccountSalt, text, c.Now())
	return claims, err == nil
}

// renewAccountCookie gives the request's account cookie a new lifetime, as part
// of writing the cookie cache. One that belongs to somebody else is deleted.
func (c *Context) renewAccountCookie(userID string) error {
	name := c.site.cookies.accountData.Name
	_, whole := c.PendingCookie(name)
	_, chunked := c.PendingCookie(name + ".0")
	if whole || chunked {
		return nil
	}
	text, ok := c.accountCookieText()
	if !ok {
		return nil
	}
	account := readAccount(text, c.Accounts.table)
	if account == nil {
		return nil
	}
	if c.Stateful() && account.UserID != userID {
		return c.response.jar.ExpirePresent(c.Header["Cookie"], c.site.cookies.accountData)
	}
	return c.writeAccountCookie(account.claims(c.Stateful()))
}

func (c *Context) writeAccountCookie(claims secret.Claims) error {
	definition := c.site.cookies.accountData
	age := accountCookieAge
	if seconds, ok := definition.MaxAge.Get(); ok && seconds > 0 {
		age = time.Duration(seconds) * time.Second
	}
	text, err := c.Secrets.EncryptJWE(secret.AccountSalt, claims, age, c.Now(), c.Random.UUID())
	if err != nil {
		return fmt.Errorf("write account cookie: %w", err)
	}
	err = c.response.jar.SetChunked(c.Header["Cookie"], definition, text)
	if errors.Is(err, cookie.ErrTooLarge) {
		c.Log.WarnContext(c, "the account is too large for its cookie", "bytes", len(text))
		return nil
	}
	return err
}

// claims returns what the account cookie carries: the row, in which fields
// without a value are null if it is one of a database, and absent if not.
func (a *Account) claims(nulls bool) secret.Claims {
	var claims secret.Claims
	add := func(name string, value any) { claims = append(claims, secret.Claim{Name: name, Value: value}) }
	text := func(name string, value *string) {
		if value != nil {
			add(name, *value)
		} else if nulls {
			add(name, nil)
		}
	}
	date := func(name string, value time.Time) {
		if !value.IsZero() {
			add(name, value)
		} else if nulls {
			add(name, nil)
		}
	}
	add("accountId", a.AccountID)
	add("providerId", a.ProviderID)
	add("userId", a.UserID)
	text("accessToken", a.AccessToken)
	text("refreshToken", a.RefreshToken)
	text("idToken", a.IDToken)
	date("accessTokenExpiresAt", a.AccessTokenExpiresAt)
	date("refreshTokenExpiresAt", a.RefreshTokenExpiresAt)
	text("scope", a.Scope)
	text("password", nil) // never leaves the store
	date("createdAt", a.CreatedAt)
	date("updatedAt", a.UpdatedAt)
	for name, value := range a.Extra {
		add(name, value)
	}
	add("id", a.ID)
	return claims
}

// readAccount reads what claims wrote; nil when it is no account.
func readAccount(text json.RawMessage, table *schema.Table) *Account {
	a := &Account{}
	members := jstext.MembersOf(text)
	for members.Next() {
		value := members.Value()
		var err error
		switch name := string(members.Key()); name {
		case "id":
			err = json.Unmarshal(value, &a.ID)
		case "accountId":
			err = json.Unmarshal(value, &a.AccountID)
		case "providerId":
			err = json.Unmarshal(value, &a.ProviderID)
		case "userId":
			err = json.Unmarshal(value, &a.UserID)
		case "accessToken":
			err = json.Unmarshal(value, &a.AccessToken)
		case "refreshToken":
			err = json.Unmarshal(value, &a.RefreshToken)
		case "idToken":
			err = json.Unmarshal(value, &a.IDToken)
		case "accessTokenExpiresAt":
			err = readDate(value, &a.AccessTokenExpiresAt)
		case "refreshTokenExpiresAt":
			err = readDate(value, &a.RefreshTokenExpiresAt)
		case "scope":
			err = json.Unmarshal(value, &a.Scope)
		case "createdAt":
			err = readDate(value, &a.CreatedAt)
		case "updatedAt":
			err = readDate(value, &a.UpdatedAt)
		default:
			err = a.readExtra(name, value, table)
		}
		if err != nil {
			return nil
		}
	}
	if members.Err() != nil || a.ID == "" || a.ProviderID == "" {
		return nil
	}
	return a
}

func readDate(value []byte, into *time.Time) error {
	if string(value) == "null" {
		return nil
	}
	return json.Unmarshal(value, into)
}

// readExtra reads an additional field; anything else, such as the claims of the
// token, is passed over.
func (a *Account) readExtra(name string, value []byte, table *schema.Table) error {
	if table.Position(name) < schema.AccountCoreFields {
		return nil
	}
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return err
	}
	if a.Extra == nil {
		a.Extra = map[string]any{}
	}
	a.Extra[name] = v
	return nil
}
