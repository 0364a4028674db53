package server

import (
	"time"

	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/server/internal/configfile"
)

// Secret is text that is never printed.
type Secret = secret.String

// Config is the configuration of a standalone server. Its fields are the keys of
// a configuration file (see [Load]), which are Better Auth's own option names;
// where Better Auth takes a callback that sends a mail, there is a switch that
// says whether the built-in mail is sent. What is not set has the default that
// is given with the field. Make one with [Load] or [Quickstart].
type Config struct {
	// AppName is the name of the application in mails and on the account page.
	// Default "Ostiary".
	AppName string `key:"appName"`
	// BaseURL is the address under which the server is reached from outside.
	// Required, except in development.
	BaseURL BaseURL `key:"baseURL"`
	// BasePath is the path of the API. Default "/api/auth".
	BasePath string `key:"basePath"`
	// Secret signs and encrypts. At least 32 random characters.
	Secret Secret `key:"secret"`
	// Secrets are versioned secrets, the current one first.
	Secrets []VersionedSecret `key:"secrets"`
	// TrustedOrigins are further origins, with wildcards, from which browsers
	// may call and to which may be redirected.
	TrustedOrigins []string `key:"trustedOrigins"`
	// DisabledPaths are endpoints that are not served.
	DisabledPaths []string `key:"disabledPaths"`

	Database          Database          `key:"database"`
	SecondaryStorage  SecondaryStorage  `key:"secondaryStorage"`
	EmailAndPassword  EmailAndPassword  `key:"emailAndPassword"`
	EmailVerification EmailVerification `key:"emailVerification"`
	User              User              `key:"user"`
	Session           Session           `key:"session"`
	Account           Account           `key:"account"`
	Verification      Verification      `key:"verification"`
	// SocialProviders are providers with which users sign in, by id.
	SocialProviders configfile.Named[SocialProvider] `key:"socialProviders"`
	Plugins         Plugins                          `key:"plugins"`
	RateLimit       RateLimit                        `key:"rateLimit"`
	Advanced        Advanced                         `key:"advanced"`
	OnAPIError      OnAPIError                       `key:"onAPIError"`
	Mail            Mail                             `key:"mail"`
	Server          Settings                         `key:"server"`
}

// VersionedSecret is one of several secrets.
type VersionedSecret struct {
	// Version is unique, 0 or more, and never given to another secret.
	Version int `key:"version" min:"0"`
	// Value is the secret.
	Value Secret `key:"value"`
}

// Database says where everything is kept.
type Database struct {
	// Type is the kind of database: "sqlite", "postgres" or "mysql", which is also
	// for MariaDB. Default: that of the URL, or sqlite.
	Type string `key:"type"`
	// URL is the address of the database, for example "sqlite:data/auth.db",
	// "postgres://user@host/name" or "mysql://user@host/name". It is better not to
	// write passwords into a file: give such an address as OSTIARY_DATABASE_URL.
	URL string `key:"url"`
	// ReplicaURL is the address of a streaming replica of a PostgreSQL database,
	// which answers checks of sessions where it is certain to have all that matters
	// (see the guide on sessions). A password in it is better given as
	// OSTIARY_DATABASE_REPLICA_URL. Default: there is none.
	ReplicaURL string `key:"replicaURL"`
	// Schema is the PostgreSQL schema of the tables. Default: the search path.
	Schema string `key:"schema"`
	// MaxConnections bounds the connections to PostgreSQL or MySQL. Default:
	// four for each processor, but at least 10.
	MaxConnections int `key:"maxConnections" min:"1" max:"10000"`
	// Path is the file of a SQLite database. Default "ostiary.db".
	Path string `key:"path"`
	// Migrate creates missing tables and columns at start. Default true.
	Migrate *bool `key:"migrate"`
}

// EmailAndPassword is signing in with a password.
type EmailAndPassword struct {
	// Enabled serves sign-up and sign-in. Default false.
	Enabled bool `key:"enabled"`
	// DisableSignUp refuses new users. Default false.
	DisableSignUp bool `key:"disableSignUp"`
	// AutoSignIn signs new users in. Default true.
	AutoSignIn *bool `key:"autoSignIn"`
	// RequireEmailVerification lets only verified users sign in. Default false.
	RequireEmailVerification bool `key:"requireEmailVerification"`
	// MinPasswordLength and MaxPasswordLength are in UTF-16 code units. Defaults
	// 8 and 128.
	MinPasswordLength int `key:"minPasswordLength" min:"1"`
	MaxPasswordLength int `key:"maxPasswordLength" min:"1" max:"4096"`
	// ResetPasswordTokenExpiresIn is how long a link is good for. Default 1 hour.
	ResetPasswordTokenExpiresIn time.Duration `key:"resetPasswordTokenExpiresIn" min:"1"`
	// RevokeSessionsOnPasswordReset ends all sessions of a user who resets the
	// password. Default true, unlike Better Auth.
	RevokeSessionsOnPasswordReset *bool `key:"revokeSessionsOnPasswordReset"`
	// SendResetPassword mails links for new passwords. Default: if there is a
	// mail server.
	SendResetPassword *bool `key:"sendResetPassword"`
	// OnPasswordReset mails a notice after a reset. Default: if there is a mail
	// server.
	OnPasswordReset *bool `key:"onPasswordReset"`
	// OnExistingUserSignUp mails a notice to users with whose address somebody
	// tries to sign up, where that is not revealed. Default: if there is a mail
	// server.
	OnExistingUserSignUp *bool `key:"onExistingUserSignUp"`
}

// EmailVerification proves addresses.
type EmailVerification struct {
	// SendVerificationEmail mails links. Default: if there is a mail server.
	SendVerificationEmail *bool `key:"sendVerificationEmail"`
	// SendOnSignUp mails a link to new users. Default: if verification is
	// required.
	SendOnSignUp *bool `key:"sendOnSignUp"`
	// SendOnSignIn mails another link on sign-in without verification. Default
	// false.
	SendOnSignIn bool `key:"sendOnSignIn"`
	// AutoSignInAfterVerification signs in whoever follows a link. Default false.
	AutoSignInAfterVerification bool `key:"autoSignInAfterVerification"`
	// ExpiresIn is how long a link is good for. Default 1 hour.
	ExpiresIn time.Duration `key:"expiresIn" min:"1"`
}

// User configures users.
type User struct {
	// ModelName and Fields rename table and columns.
	ModelName string            `key:"modelName"`
	Fields    map[string]string `key:"fields"`
	// AdditionalFields are further fields, by name.
	AdditionalFields configfile.Named[Field] `key:"additionalFields"`
	ChangeEmail      ChangeEmail             `key:"changeEmail"`
	DeleteUser       DeleteUser              `key:"deleteUser"`
}

// ChangeEmail lets users change their address.
type ChangeEmail struct {
	// Enabled. Default false.
	Enabled bool `key:"enabled"`
	// SendChangeEmailConfirmation asks at the old address first. Default: if
	// there is a mail server.
	SendChangeEmailConfirmation *bool `key:"sendChangeEmailConfirmation"`
	// UpdateEmailWithoutVerification changes unverified addresses at once.
	// Default false.
	UpdateEmailWithoutVerification bool `key:"updateEmailWithoutVerification"`
}

// DeleteUser lets users delete themselves.
type DeleteUser struct {
	// Enabled. Default false.
	Enabled bool `key:"enabled"`
	// SendDeleteAccountVerification mails a link that deletes, instead of
	// deleting at once. Default: if there is a mail server.
	SendDeleteAccountVerification *bool `key:"sendDeleteAccountVerification"`
	// DeleteTokenExpiresIn is how long the link is good for. Default 1 day.
	DeleteTokenExpiresIn time.Duration `key:"deleteTokenExpiresIn" min:"1"`
}

// Session says how long sessions live.
type Session struct {
	ModelName        string                  `key:"modelName"`
	Fields           map[string]string       `key:"fields"`
	AdditionalFields configfile.Named[Field] `key:"additionalFields"`
	// ExpiresIn is the lifetime. Default 7 days.
	ExpiresIn time.Duration `key:"expiresIn" min:"1" max:"34560000"`
	// UpdateAge is the age at which a used session is extended. Default 1 day.
	UpdateAge *time.Duration `key:"updateAge"`
	// FreshAge is the age up to which a session is fresh; 0 is always. Default
	// 1 day.
	FreshAge *time.Duration `key:"freshAge"`
	// DisableSessionRefresh never extends sessions. Default false.
	DisableSessionRefresh bool `key:"disableSessionRefresh"`
	// DeferSessionRefresh extends sessions on POST only. Default false.
	DeferSessionRefresh bool `key:"deferSessionRefresh"`
	// StoreSessionInDatabase keeps sessions in the database although there is a
	// secondary storage. Default false.
	StoreSessionInDatabase bool `key:"storeSessionInDatabase"`
	// PreserveSessionInDatabase keeps the rows of sessions that have ended. It
	// needs StoreSessionInDatabase. Default false.
	PreserveSessionInDatabase bool          `key:"preserveSessionInDatabase"`
	CookieCache               CookieCache   `key:"cookieCache"`
	Memory                    SessionMemory `key:"memory"`
}

// SessionMemory keeps sessions in the memory of each node. What one node changes,
// the others hear by the database (PostgreSQL); see "Several nodes" in
// docs/sessions.md. Better Auth has nothing like it.
type SessionMemory struct {
	// Enabled turns it on. Default false.
	Enabled bool `key:"enabled"`
	// MaxAge is how long a session is remembered at most. Default 5 seconds.
	MaxAge time.Duration `key:"maxAge" min:"0.1" max:"3600"`
}

// CookieCache keeps a copy of the session in a cookie.
type CookieCache struct {
	// Enabled. Default false.
	Enabled bool `key:"enabled"`
	// MaxAge is how long a copy is good for. Default 5 minutes.
	MaxAge time.Duration `key:"maxAge" min:"1" max:"34560000"`
	// Strategy is how it is written: "compact", "jwt" or "jwe". Default compact.
	Strategy string `key:"strategy" oneOf:"compact,jwt,jwe"`
	// Version invalidates all copies when it changes. Default "1".
	Version string `key:"version"`
}

// Account configures accounts.
type Account struct {
	ModelName        string                  `key:"modelName"`
	Fields           map[string]string       `key:"fields"`
	AdditionalFields configfile.Named[Field] `key:"additionalFields"`
	// EncryptOAuthTokens encrypts tokens of providers in the database. Default
	// false.
	EncryptOAuthTokens bool `key:"encryptOAuthTokens"`
	// UpdateAccountOnSignIn stores the tokens of each sign-in. Default true.
	UpdateAccountOnSignIn *bool `key:"updateAccountOnSignIn"`
	// StoreStateStrategy is where the state of a sign-in is kept: "database" or
	// "cookie". Default database.
	StoreStateStrategy string `key:"storeStateStrategy" oneOf:"database,cookie"`
	// StoreAccountCookie keeps the account in an encrypted cookie. Default false.
	StoreAccountCookie bool `key:"storeAccountCookie"`
	// SkipStateCookieCheck is unsafe. Default false.
	SkipStateCookieCheck bool           `key:"skipStateCookieCheck"`
	AccountLinking       AccountLinking `key:"accountLinking"`
}

// AccountLinking adds identities to users who exist.
type AccountLinking struct {
	// Enabled. Default true.
	Enabled *bool `key:"enabled"`
	// DisableImplicitLinking links only on request. Default false.
	DisableImplicitLinking bool `key:"disableImplicitLinking"`
	// RequireLocalEmailVerified links only to verified users. Default true;
	// false is unsafe.
	RequireLocalEmailVerified *bool `key:"requireLocalEmailVerified"`
	// TrustedProviders may link unverified addresses.
	TrustedProviders []string `key:"trustedProviders"`
	// AllowDifferentEmails links identities with other addresses. Default false.
	AllowDifferentEmails bool `key:"allowDifferentEmails"`
	// AllowUnlinkingAll lets users remove the last account. Default false.
	AllowUnlinkingAll bool `key:"allowUnlinkingAll"`
	// UpdateUserInfoOnLink copies name and image. Default false.
	UpdateUserInfoOnLink bool `key:"updateUserInfoOnLink"`
}

// Verification configures single-use values.
type Verification struct {
	ModelName        string                  `key:"modelName"`
	Fields           map[string]string       `key:"fields"`
	AdditionalFields configfile.Named[Field] `key:"additionalFields"`
	// StoreIdentifier is "plain" or "hashed". Default plain.
	StoreIdentifier string `key:"storeIdentifier" oneOf:"plain,hashed"`
	// StoreInDatabase keeps values in the database although there is a secondary
	// storage. Default false.
	StoreInDatabase bool `key:"storeInDatabase"`
	// DisableCleanup keeps expired rows. Default false.
	DisableCleanup bool `key:"disableCleanup"`
}

// RateLimit bounds how often clients may ask.
type RateLimit struct {
	// Enabled. Default true, in development too.
	Enabled *bool `key:"enabled"`
	// Window and Max: at most Max requests per Window. Defaults 10 seconds and
	// 100.
	Window time.Duration `key:"window" min:"1"`
	Max    int           `key:"max" min:"1"`
	// Storage is "memory", "database" or "secondary-storage". Default: the
	// secondary storage if there is one, else memory.
	Storage string `key:"storage" oneOf:"memory,database,secondary-storage"`
	// CustomRules are rules by path.
	CustomRules configfile.Named[RateLimitRule] `key:"customRules"`
	// ModelName and Fields rename the table of counters.
	ModelName string            `key:"modelName"`
	Fields    map[string]string `key:"fields"`
}

// Advanced is rarely needed.
type Advanced struct {
	// UseSecureCookies forces Secure cookies on or off. Default: if the base URL
	// is https.
	UseSecureCookies *bool `key:"useSecureCookies"`
	// CookiePrefix begins the names of cookies. Default "better-auth".
	CookiePrefix string `key:"cookiePrefix"`
	// Cookies change single cookies, by key.
	Cookies               configfile.Named[Cookie] `key:"cookies"`
	CrossSubDomainCookies CrossSubDomainCookies    `key:"crossSubDomainCookies"`
	// DefaultCookieAttributes change all cookies.
	DefaultCookieAttributes CookieAttributes `key:"defaultCookieAttributes"`
	// DisableCSRFCheck and DisableOriginCheck are unsafe. Default false.
	DisableCSRFCheck   bool      `key:"disableCSRFCheck"`
	DisableOriginCheck bool      `key:"disableOriginCheck"`
	IPAddress          IPAddress `key:"ipAddress"`
	// TrustedProxyHeaders lets X-Forwarded-Host and X-Forwarded-Proto decide the
	// base URL. Default false.
	TrustedProxyHeaders bool `key:"trustedProxyHeaders"`
	// PrivateNetworks are networks in which providers are asked although they are
	// not public. Default: none.
	PrivateNetworks []string `key:"privateNetworks"`
	// SkipTrailingSlashes serves "/ok/" like "/ok". Default false.
	SkipTrailingSlashes bool            `key:"skipTrailingSlashes"`
	Database            AdvancedStorage `key:"database"`
}

// CrossSubDomainCookies shares cookies between subdomains.
type CrossSubDomainCookies struct {
	// Enabled. Default false.
	Enabled bool `key:"enabled"`
	// Domain is the common domain. Default: the host of the base URL.
	Domain string `key:"domain"`
}

// Cookie changes one cookie.
type Cookie struct {
	Name       string           `key:"name"`
	Attributes CookieAttributes `key:"attributes"`
}

// CookieAttributes change those that are set.
type CookieAttributes struct {
	// MaxAge is in seconds.
	MaxAge      *int64 `key:"maxAge" min:"0" max:"34560000"`
	Domain      string `key:"domain"`
	Path        string `key:"path"`
	HTTPOnly    *bool  `key:"httpOnly"`
	Secure      *bool  `key:"secure"`
	SameSite    string `key:"sameSite" oneOf:"lax,strict,none,Lax,Strict,None"`
	Partitioned *bool  `key:"partitioned"`
}

// IPAddress says whose word counts for the address of a client.
type IPAddress struct {
	// IPAddressHeaders are tried in order. Default "x-forwarded-for".
	IPAddressHeaders []string `key:"ipAddressHeaders"`
	// TrustedProxies are addresses and networks of your proxies. Default: this
	// machine.
	TrustedProxies []string `key:"trustedProxies"`
	// IPv6Subnet is how many leading bits tell IPv6 clients apart. Default 64.
	IPv6Subnet int `key:"ipv6Subnet" min:"1" max:"128"`
	// DisableIPTracking records no addresses and turns rate limits off. Unsafe.
	DisableIPTracking bool `key:"disableIpTracking"`
}

// AdvancedStorage configures how rows are stored.
type AdvancedStorage struct {
	// GenerateID is "uuid", "serial", or false, which leaves ids to the database.
	// Default: random text.
	GenerateID GenerateID `key:"generateId"`
	// ModelIDs are what GenerateID is, and "random", for models that have another
	// one, by model. Better Auth takes a function that is told the model. Default:
	// none.
	ModelIDs configfile.Named[ModelID] `key:"modelIds"`
}

// OnAPIError says where failed flows end.
type OnAPIError struct {
	// ErrorURL is where browsers are sent. Default: the built-in page.
	ErrorURL string `key:"errorURL"`
}

// Mail says how mails are sent. Without a mail server none are, except in
// development, where they are printed.
type Mail struct {
	// From is the sender: "Acme <no-reply@acme.example>".
	From string `key:"from"`
	SMTP SMTP   `key:"smtp"`
	// MaxWaiting is how many mails may wait in the database for the mail server.
	// Default 10000.
	MaxWaiting int `key:"maxWaiting" min:"1"`
}

// SMTP is a mail server.
type SMTP struct {
	// Host is its name. Without one there is no mail server.
	Host string `key:"host"`
	// Port. Default 587, or 465 with implicit TLS.
	Port int `key:"port" min:"1" max:"65535"`
	// Username signs in, with a password that is best given as
	// OSTIARY_SMTP_PASSWORD.
	Username string `key:"username"`
	Password Secret `key:"password"`
	// TLS is "starttls", "implicit", or "none" for a server on this machine.
	// Default starttls.
	TLS string `key:"tls" oneOf:"starttls,implicit,none"`
}

// Settings are those of the HTTP server.
type Settings struct {
	// Listen is the address to listen on. Default "localhost:3000".
	Listen string `key:"listen"`
	// MetricsListen is the address for /metrics. Default: none. Never make it
	// public.
	MetricsListen string `key:"metricsListen"`
	// Development prints mails, keeps a generated secret beside the database and
	// takes the base URL from Listen. Default false.
	Development bool `key:"development"`
	// AccountPage serves the account page at "/". Default true.
	AccountPage *bool `key:"accountPage"`
	// AllowWeakSecret accepts a short or guessable secret. Unsafe. Default false.
	AllowWeakSecret bool `key:"allowWeakSecret"`
	// AcceptPreviousSecrets keeps sessions signed with an older one of Secrets.
	// Default false.
	AcceptPreviousSecrets bool `key:"acceptPreviousSecrets"`

	// ReadHeaderTimeout, ReadTimeout, WriteTimeout and IdleTimeout bound
	// connections. Defaults 5, 15, 40 and 75 seconds.
	ReadHeaderTimeout time.Duration `key:"readHeaderTimeout" min:"0.1"`
	ReadTimeout       time.Duration `key:"readTimeout" min:"0.1"`
	WriteTimeout      time.Duration `key:"writeTimeout" min:"0.1"`
	IdleTimeout       time.Duration `key:"idleTimeout" min:"0.1"`
	// RequestTimeout bounds the work on one request. Default 20 seconds.
	RequestTimeout time.Duration `key:"requestTimeout" min:"0.1"`
	// DrainDelay is how long the server still answers, but is not ready any
	// more, before it stops. Default 1 second; none in development.
	DrainDelay *time.Duration `key:"drainDelay"`
	// ShutdownTimeout is how long requests and mails may take to finish when the
	// server stops. Default 30 seconds.
	ShutdownTimeout time.Duration `key:"shutdownTimeout" min:"0.1"`
	// CleanupInterval is how often expired rows are removed from the database; 0
	// is never. Default 1 hour.
	CleanupInterval *time.Duration `key:"cleanupInterval"`
	// MaxConnections is how many connections are served at once; others wait.
	// Default 10000.
	MaxConnections int `key:"maxConnections" min:"16"`
	// MaxHeaderBytes bounds request headers. Default 64 KiB.
	MaxHeaderBytes int `key:"maxHeaderBytes" min:"4096" max:"1048576"`
	// MaxBodyBytes bounds request bodies. Default 1 MiB.
	MaxBodyBytes int64 `key:"maxBodyBytes" min:"1024"`

	// AccessLog logs each request. Default true; false in development.
	AccessLog *bool `key:"accessLog"`
	// LogFormat is "text" or "json". Default json; text in development.
	LogFormat string `key:"logFormat" oneOf:"text,json"`
	// LogLevel is the least level that is logged. Default info.
	LogLevel string `key:"logLevel" oneOf:"debug,info,warn,error"`

	PasswordHashing PasswordHashing `key:"passwordHashing"`
}

// PasswordHashing bounds what passwords cost: Parallel cores, and 32 MiB for
// each of Parallel times Batch passwords; with LendCore one more than Parallel.
type PasswordHashing struct {
	// Parallel is how many passes run at once. Default: one less than there are
	// cores, but at least 1 and at most 4.
	Parallel int `key:"parallel" min:"1" max:"1024"`
	// LendCore lets one pass more run while there are no requests without
	// passwords and a whole pass waits, on the core that Parallel leaves for
	// others. It takes Batch times 32 MiB more. Default true, but false where
	// Parallel is given.
	LendCore *bool `key:"lendCore"`
	// Batch is how many passwords a pass hashes. Default 4.
	Batch int `key:"batch" min:"1" max:"4"`
	// Queue is how many may wait. Default 64 times Parallel times Batch.
	Queue int `key:"queue" min:"1" max:"1000000"`
	// MaxWait is how long one waits before it is answered "busy". Default
	// 10 seconds.
	MaxWait time.Duration `key:"maxWait" min:"0.1"`
}

// enabled is a switch that is on unless it says otherwise.
func enabled(o *bool) bool { return o == nil || *o }
