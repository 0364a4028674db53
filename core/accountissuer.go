package core

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Better Auth 1.7.0 to 1.7.2 told identities apart by issuer and account id, and
// required the issuer of every account. Versions before and since do by provider
// and account id, as is done here. On a database of those versions the issuer is
// filled as they did it, so that they, and the database's unique index, find what
// they expect.

// issuerField is the name of the field in the table with the issuer.
const issuerField = "issuer"

// issuers are those of the providers that had one whatever the user
// (packages core/src/social-providers and plugins/generic-oauth of 1.7.1).
var issuers = map[string]string{
	CredentialProvider: "local:credential",
	"siwe":             "local:siwe",
	"apple":            "https://appleid.apple.com",
	"facebook":         "https://www.facebook.com",
	"google":           "https://accounts.google.com",
	"line":             "https://access.line.me",
}

// issuersInToken are the providers whose issuer depends on the tenant. Their ID
// token names it.
var issuersInToken = map[string]bool{"auth0": true, "cognito": true, "keycloak": true, "microsoft": true, "okta": true, "paybin": true}

// maxIssuer bounds what is believed to be an issuer: an indexed text must be
// short on some databases.
const maxIssuer = 191

// accountIssuer returns the issuer of an account.
func accountIssuer(row schema.Row) string {
	provider := row.StringAt(schema.AccountProviderID)
	if known := issuers[provider]; known != "" {
		return known
	}
	if issuersInToken[provider] {
		if named := tokenIssuer(row.StringAt(schema.AccountIDToken)); named != "" && len(named) <= maxIssuer {
			return named
		}
	}
	return ownIssuer(provider)
}

// ownIssuer is the issuer of a provider that has none of its own.
func ownIssuer(provider string) string {
	return "local:oauth:" + strings.ReplaceAll(url.QueryEscape(provider), "+", "%20")
}

// tokenIssuer reads the issuer of an ID token, whose signature was verified when
// it came, or "".
func tokenIssuer(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(text, &claims) != nil {
		return ""
	}
	return claims.Issuer
}

// withIssuer is the account table of a database that requires the issuer.
type withIssuer struct{ table atomic.Pointer[schema.Table] }

// fillIssuer makes new accounts have an issuer.
func (a *Accounts) fillIssuer(column string) {
	a.issuer.table.Store(a.table.With(schema.Field{Name: issuerField, Column: column}))
}

// insert stores an account: with its issuer, where the database requires it. An
// issuer under which an account of another provider has the same account id would
// keep the user out; then the provider counts as an issuer of its own.
func (a *Accounts) insert(ctx context.Context, row schema.Row) (schema.Row, error) {
	if err := a.k.DB.Ready(ctx); err != nil { // which finds out about the table
		return schema.Row{}, err
	}
	wider := a.issuer.table.Load()
	if wider == nil {
		return a.k.DB.Create(ctx, row)
	}
	issuer, provider := accountIssuer(row), row.StringAt(schema.AccountProviderID)
	taken, err := a.k.DB.FindOne(ctx, database.Query{Table: wider, Where: []database.Where{
		database.Eq(issuerField, issuer), database.Eq("accountId", row.At(schema.AccountAccountID)),
	}})
	if err != nil {
		return schema.Row{}, err
	}
	if taken != nil && taken.StringAt(schema.AccountProviderID) != provider {
		issuer = ownIssuer(provider)
	}
	stored, err := a.k.DB.Create(ctx, row.As(wider).Set(issuerField, issuer))
	if err != nil {
		return schema.Row{}, err
	}
	return stored.As(a.table), nil
}
