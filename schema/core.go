package schema

// Keys of the core models.
const (
	UserKey         = "user"
	SessionKey      = "session"
	AccountKey      = "account"
	VerificationKey = "verification"
	RateLimitKey    = "rateLimit"
)

// userID references the user that a row belongs to.
func userID() Field {
	return Field{Name: "userId", Index: true, References: &Reference{Model: UserKey}}
}

// The field order of the core models is part of the data contract (Better Auth
// 1.7); package core reads rows of these models by the positions below.

// UserModel is the model of the people who sign in.
func UserModel() Model {
	return Model{Key: UserKey, Fields: []Field{
		{Name: "name", Sortable: true},
		{Name: "email", Unique: true, Sortable: true},
		{Name: "emailVerified", Type: Boolean, Default: false, NoInput: true},
		{Name: "image", Optional: true},
		{Name: "createdAt", Type: Date, Default: Now},
		{Name: "updatedAt", Type: Date, Default: Now, OnUpdate: Now},
	}}
}

// Positions of the core fields in a user row.
const (
	UserID = iota
	UserName
	UserEmail
	UserEmailVerified
	UserImage
	UserCreatedAt
	UserUpdatedAt
	UserCoreFields // how many there are, the id included
)

// SessionModel is the model of signed-in devices.
func SessionModel() Model {
	return Model{Key: SessionKey, Fields: []Field{
		{Name: "expiresAt", Type: Date},
		{Name: "token", Unique: true},
		{Name: "createdAt", Type: Date, Default: Now},
		{Name: "updatedAt", Type: Date, OnUpdate: Now},
		{Name: "ipAddress", Optional: true},
		{Name: "userAgent", Optional: true},
		userID(),
	}}
}

// Positions of the core fields in a session row.
const (
	SessionID = iota
	SessionExpiresAt
	SessionToken
	SessionCreatedAt
	SessionUpdatedAt
	SessionIPAddress
	SessionUserAgent
	SessionUserID
	SessionCoreFields
)

// AccountModel is the model of the ways a user signs in: a password, or an
// identity at a provider.
func AccountModel() Model {
	return Model{Key: AccountKey, Fields: []Field{
		{Name: "accountId"},
		{Name: "providerId"},
		userID(),
		{Name: "accessToken", Optional: true, Hidden: true},
		{Name: "refreshToken", Optional: true, Hidden: true},
		{Name: "idToken", Optional: true, Hidden: true},
		{Name: "accessTokenExpiresAt", Type: Date, Optional: true, Hidden: true},
		{Name: "refreshTokenExpiresAt", Type: Date, Optional: true, Hidden: true},
		{Name: "scope", Optional: true},
		{Name: "password", Optional: true, Hidden: true},
		{Name: "createdAt", Type: Date, Default: Now},
		{Name: "updatedAt", Type: Date, OnUpdate: Now},
	}}
}

// Positions of the core fields in an account row.
const (
	AccountID = iota
	AccountAccountID
	AccountProviderID
	AccountUserID
	AccountAccessToken
	AccountRefreshToken
	AccountIDToken
	AccountAccessTokenExpiresAt
	AccountRefreshTokenExpiresAt
	AccountScope
	AccountPassword
	AccountCreatedAt
	AccountUpdatedAt
	AccountCoreFields
)

// VerificationModel is the model of single-use values that were handed out,
// such as password reset tokens.
func VerificationModel() Model {
	return Model{Key: VerificationKey, Fields: []Field{
		{Name: "identifier", Index: true},
		{Name: "value"},
		{Name: "expiresAt", Type: Date},
		{Name: "createdAt", Type: Date, Default: Now},
		{Name: "updatedAt", Type: Date, Default: Now, OnUpdate: Now},
	}}
}

// Positions of the core fields in a verification row.
const (
	VerificationID = iota
	VerificationIdentifier
	VerificationValue
	VerificationExpiresAt
	VerificationCreatedAt
	VerificationUpdatedAt
	VerificationCoreFields
)

// RateLimitModel is the model of rate-limit counters, used when they are kept
// in the database.
func RateLimitModel() Model {
	return Model{Key: RateLimitKey, Fields: []Field{
		{Name: "key", Unique: true},
		{Name: "count", Type: Number},
		{Name: "lastRequest", Type: Number, BigInt: true},
	}}
}

// Positions of the fields in a rate-limit row.
const (
	RateLimitID = iota
	RateLimitKeyField
	RateLimitCount
	RateLimitLastRequest
)
