package core

import (
	"reflect"
	"time"

	"github.com/ostiary/ostiary/schema"
)

// RowCodec reads rows of a core table as values of a model, and writes back what
// was changed of them. Typed database hooks (package hooks) are made with it.
type RowCodec[M any] struct {
	// Model is the key of the model.
	Model string
	// Read returns the row as a value. Fields that are not given are zero.
	Read func(row schema.Row) M
	// Write sets what differs between two values in the row.
	Write func(row schema.Row, before, after *M)
}

// The codecs of the core models.
var (
	UserRows         = RowCodec[User]{schema.UserKey, userOf, writeUser}
	SessionRows      = RowCodec[Session]{schema.SessionKey, sessionOf, writeSession}
	AccountRows      = RowCodec[Account]{schema.AccountKey, accountOf, writeAccount}
	VerificationRows = RowCodec[Verification]{schema.VerificationKey, verificationOf, writeVerification}
)

func writeUser(row schema.Row, before, after *User) {
	assign(row, schema.UserName, before.Name, after.Name)
	assign(row, schema.UserEmail, before.Email, after.Email)
	assign(row, schema.UserEmailVerified, before.EmailVerified, after.EmailVerified)
	assignText(row, schema.UserImage, before.Image, after.Image)
	assignTime(row, schema.UserCreatedAt, before.CreatedAt, after.CreatedAt)
	assignTime(row, schema.UserUpdatedAt, before.UpdatedAt, after.UpdatedAt)
	assignFields(row, before.Extra, after.Extra)
	assignFields(row, before.Private, after.Private)
}

func writeSession(row schema.Row, before, after *Session) {
	assignTime(row, schema.SessionExpiresAt, before.ExpiresAt, after.ExpiresAt)
	assignText(row, schema.SessionIPAddress, before.IPAddress, after.IPAddress)
	assignText(row, schema.SessionUserAgent, before.UserAgent, after.UserAgent)
	assignTime(row, schema.SessionCreatedAt, before.CreatedAt, after.CreatedAt)
	assignTime(row, schema.SessionUpdatedAt, before.UpdatedAt, after.UpdatedAt)
	assignFields(row, before.Extra, after.Extra)
	assignFields(row, before.Private, after.Private)
}

func writeAccount(row schema.Row, before, after *Account) {
	assignText(row, schema.AccountAccessToken, before.AccessToken, after.AccessToken)
	assignText(row, schema.AccountRefreshToken, before.RefreshToken, after.RefreshToken)
	assignText(row, schema.AccountIDToken, before.IDToken, after.IDToken)
	assignTime(row, schema.AccountAccessTokenExpiresAt, before.AccessTokenExpiresAt, after.AccessTokenExpiresAt)
	assignTime(row, schema.AccountRefreshTokenExpiresAt, before.RefreshTokenExpiresAt, after.RefreshTokenExpiresAt)
	assignText(row, schema.AccountScope, before.Scope, after.Scope)
	assignText(row, schema.AccountPassword, before.Password, after.Password)
	assignFields(row, before.Extra, after.Extra)
	assignFields(row, before.Private, after.Private)
}

func writeVerification(row schema.Row, before, after *Verification) {
	assign(row, schema.VerificationValue, before.Value, after.Value)
	assignTime(row, schema.VerificationExpiresAt, before.ExpiresAt, after.ExpiresAt)
}

func assign[T comparable](row schema.Row, position int, before, after T) {
	if before != after {
		row.SetAt(position, after)
	}
}

func assignText(row schema.Row, position int, before, after *string) {
	switch {
	case after == nil && before != nil:
		row.SetAt(position, nil)
	case after != nil && (before == nil || *before != *after):
		row.SetAt(position, *after)
	}
}

func assignTime(row schema.Row, position int, before, after time.Time) {
	if !before.Equal(after) {
		row.SetAt(position, after)
	}
}

// assignFields sets additional fields. One that the table does not have is a
// mistake in the program, which [schema.Row.Set] reports.
func assignFields(row schema.Row, before, after map[string]any) {
	for name, v := range after {
		if !reflect.DeepEqual(before[name], v) {
			row.Set(name, v)
		}
	}
}
