package social

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/schema"
)

// accountRow returns the row of a new account.
func accountRow(k *core.Kernel, userID string, s *signIn) schema.Row {
	row := tokenRow(k, s.tokens)
	row.SetAt(schema.AccountUserID, userID)
	row.SetAt(schema.AccountProviderID, s.provider.ID())
	row.SetAt(schema.AccountAccountID, s.profile.Subject)
	if len(s.tokens.Scopes) > 0 {
		row.SetAt(schema.AccountScope, strings.Join(s.tokens.Scopes, ","))
	}
	return row
}

// tokenRow returns the change that stores those tokens that a provider issued.
// Scopes are not among them: what was granted is known from the linking.
func tokenRow(k *core.Kernel, t *Tokens) schema.Row {
	row := k.Accounts.Table().NewRow()
	set := func(at int, value string) {
		if value != "" {
			row.SetAt(at, value)
		}
	}
	date := func(at int, value time.Time) {
		if !value.IsZero() {
			row.SetAt(at, value)
		}
	}
	set(schema.AccountAccessToken, sealToken(k, t.AccessToken))
	set(schema.AccountRefreshToken, sealToken(k, t.RefreshToken))
	set(schema.AccountIDToken, t.IDToken)
	date(schema.AccountAccessTokenExpiresAt, t.AccessTokenExpiresAt)
	date(schema.AccountRefreshTokenExpiresAt, t.RefreshTokenExpiresAt)
	return row
}

// sealToken returns a token in the form in which it is stored.
func sealToken(k *core.Kernel, token string) string {
	if token == "" || !k.Config().Account.EncryptOAuthTokens {
		return token
	}
	return k.Secrets.Encrypt([]byte(token))
}

// openToken returns a stored token. Tokens from before encryption was turned on
// are returned as they are.
func openToken(k *core.Kernel, stored *string) (string, error) {
	if stored == nil || *stored == "" {
		return "", nil
	}
	if !k.Config().Account.EncryptOAuthTokens || !secret.LooksEncrypted(*stored) {
		return *stored, nil
	}
	token, err := k.Secrets.Decrypt(*stored)
	if err == nil {
		return string(token), nil
	}
	if isShortHex(*stored) {
		return *stored, nil
	}
	return "", fmt.Errorf("open stored token: %w", err)
}

// isShortHex reports whether a text that looks encrypted is too short to be: it
// is then a token that happens to be hexadecimal.
func isShortHex(s string) bool {
	const overhead = 24 + 16 // nonce and tag of XChaCha20-Poly1305
	return !strings.HasPrefix(s, "$") && len(s) <= hex.EncodedLen(overhead)
}

// withTokens returns an account with other tokens, for one that is not stored.
func withTokens(k *core.Kernel, a *core.Account, t *Tokens) *core.Account {
	updated := *a
	set := func(into **string, value string) {
		if value != "" {
			*into = &value
		}
	}
	date := func(into *time.Time, value time.Time) {
		if !value.IsZero() {
			*into = value
		}
	}
	set(&updated.AccessToken, sealToken(k, t.AccessToken))
	set(&updated.RefreshToken, sealToken(k, t.RefreshToken))
	set(&updated.IDToken, t.IDToken)
	date(&updated.AccessTokenExpiresAt, t.AccessTokenExpiresAt)
	date(&updated.RefreshTokenExpiresAt, t.RefreshTokenExpiresAt)
	return &updated
}
