package core

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
)

// Config is what a [Kernel] is made from. Its zero value is safe but for what
// cannot be guessed: a secret is always needed.
type Config struct {
	// AppName is used in messages to people. Default "Ostiary".
	AppName string
	// BaseURL says under which address the server is reached.
	BaseURL BaseURL
	// BasePath is the path below which endpoints are served, unless the base URL
	// has a path of its own. Default "/api/auth".
	BasePath string
	// Development relaxes what only matters in production: the rate limiter is
	// off unless enabled, a missing secret is replaced by a well-known one, and
	// cookies are not Secure when the base URL is not known. Default false.
	Development bool

	// Secret signs and encrypts. At least 32 random characters.
	Secret string
	// Secrets are versioned secrets, the current one first; the others decrypt
	// only. Secret, if given as well, decrypts values from before versioning.
	Secrets []VersionedSecret
	// AcceptPreviousSecrets also accepts session cookies signed with an older
	// one of Secrets, so that a rotation signs nobody out. Better Auth does not;
	// drop the older secrets when the grace period is over.
	AcceptPreviousSecrets bool

	// Database keeps everything. Without one, sessions live in encrypted cookies
	// and what needs a table is kept in memory until the process ends.
	Database database.Adapter
	// SecondaryStorage keeps sessions, single-use values and rate-limit counters,
	// which then are not in the database unless Session.StoreInDatabase and
	// Verification.StoreInDatabase are set. Nil keeps them in the database.
	SecondaryStorage storage.Store
	// IDs says who makes ids. Default: random strings made here.
	IDs schema.IDStrategy
	// ModelIDs are the strategies of models that have another one, by model key, for
	// example "user".
	ModelIDs map[string]schema.IDStrategy
	// GenerateID replaces the generator of ids. Returning "" leaves the id to
	// the database.
	GenerateID func(model string) string
	// PluralTables appends "s" to every table name.
	PluralTables bool

	// PluginTables rename the tables of plugins and their columns, by model key,
	// for example "twoFactor".
	PluginTables map[string]schema.Rename

	// Broadcast connects the nodes of a deployment with each other.
	Broadcast BroadcastOptions

	User         ModelOptions
	Session      SessionOptions
	Account      AccountOptions
	Verification VerificationOptions

	// ValidateUser decides whether a user may sign up, sign in with a provider or
	// be linked. Nil refuses nobody.
	ValidateUser func(ctx context.Context, user User, source Source) (*UserRefusal, error)

	// Password checks and hashes passwords.
	Password PasswordOptions

	// TrustedOrigins are origins, besides that of the base URL, from which
	// requests with cookies are accepted and to which may be redirected. They may
	// contain wildcards, such as "https://*.example.com".
	TrustedOrigins []string
	// TrustedOriginsFunc returns further trusted origins for a request. It is
	// called with nil when there is no request.
	TrustedOriginsFunc func(r *http.Request) []string

	RateLimit RateLimitOptions
	Cookies   CookieOptions
	ClientIP  ClientIPOptions

	// DisabledPaths are endpoints that are not served, by their path, for example
	// "/list-sessions" or "/reset-password/:token".
	DisabledPaths []string
	// SkipTrailingSlashes serves "/ok/" like "/ok".
	SkipTrailingSlashes bool
	// TrustedProxyHeaders lets X-Forwarded-Host and X-Forwarded-Proto decide the
	// base URL when it is not static. Unsafe unless a proxy of yours sets both on
	// every request.
	TrustedProxyHeaders bool
	// DisableCSRFCheck accepts requests with cookies from every origin. Unsafe.
	DisableCSRFCheck bool
	// DisableOriginCheck accepts every redirect target, and requests with cookies
	// from every origin. Unsafe.
	DisableOriginCheck bool
	// KeepNavigationCheck still refuses, under DisableOriginCheck, forms that a
	// foreign page submits to sign in.
	KeepNavigationCheck bool
	// OriginCheckExempt are paths, with all below them, for which
	// DisableOriginCheck holds. Unsafe.
	OriginCheckExempt []string
	// SkipSchemaCheck works with a database that lacks tables or columns as far
	// as that goes, instead of refusing every use of it.
	SkipSchemaCheck bool
	// MaxBodyBytes bounds request bodies. Default 1 MiB.
	MaxBodyBytes int64

	// ErrorURL is where failed flows are sent that have no page of their own.
	// Default: the built-in page.
	ErrorURL string
	// OnError is called with errors that are not answers of the API, instead of
	// logging them.
	OnError func(err error, c *Context)

	// Hooks run around every endpoint; see [Hook].
	Hooks []Hook
	// DatabaseHooks run around writes; see [DatabaseHook].
	DatabaseHooks []DatabaseHook
	// Plugins extend the server, in this order.
	Plugins []Plugin

	// Background runs work that a response need not wait for, such as sending
	// mail. Nil means that the response waits, so that nothing is lost.
	Background func(task func())
	// DeliverInTransaction calls functions that send mail in the transaction of the
	// change that causes the mail, so that both happen or neither does. It is for
	// functions that do no more than write to the database, such as to an outbox
	// there; their errors undo the change and fail the request.
	DeliverInTransaction bool

	// Logger receives messages. Default slog.Default().
	Logger *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Random is the source of ids, tokens and nonces. Default crypto/rand.
	Random io.Reader
	// HTTPClient makes outgoing requests. Default: a client with time-outs that
	// does not follow redirects and keeps to public addresses.
	HTTPClient *http.Client
	// PrivateNetworks are the networks, for example "10.0.0.0/8", in which other
	// servers, such as providers, are asked although they are not public. By
	// default none are, and all in development. It has no effect on an HTTPClient
	// of one's own.
	PrivateNetworks []string
}

// VersionedSecret is one of several secrets.
type VersionedSecret struct {
	Version int // 0 or more, unique
	Value   string
}

// ModelOptions are the application's wishes for a core table.
type ModelOptions struct {
	// Table renames the table, Columns its built-in columns by field name.
	Table   string
	Columns map[string]string
	// Fields are additional fields.
	Fields []schema.Field
}

// SessionOptions say how long sessions live and where they are read from.
type SessionOptions struct {
	ModelOptions
	// ExpiresIn is the lifetime of a session. Default 7 days. At most 400 days,
	// which is what browsers keep cookies for.
	ExpiresIn time.Duration
	// UpdateAge is the age at which a session that is used gets a new lifetime.
	// Nil means 1 day; zero means on every use.
	UpdateAge *time.Duration
	// FreshAge is the age up to which a session counts as freshly signed in,
	// which sensitive endpoints ask for. Nil means 1 day; zero means always.
	FreshAge *time.Duration
	// DisableRefresh never gives sessions a new lifetime.
	DisableRefresh bool
	// DeferRefresh gives sessions a new lifetime on POST requests to get-session
	// only, so that a GET never writes.
	DeferRefresh bool
	// CookieCache keeps a signed or encrypted copy of session and user in a
	// cookie, so that most reads need no store.
	CookieCache CookieCacheOptions
	// Memory keeps sessions in the memory of the process, so that most reads
	// need no store.
	Memory SessionMemoryOptions
	// StoreInDatabase keeps sessions in the database although there is a
	// SecondaryStorage, which then has a copy that they are read from.
	StoreInDatabase bool
	// PreserveInDatabase keeps the rows of sessions that have ended, as a record.
	// Sessions are then read from the SecondaryStorage only. It has no effect
	// without StoreInDatabase.
	PreserveInDatabase bool
	// Callbacks run when sessions begin, are updated, read and shown.
	Callbacks SessionCallbacks
}

// CacheStrategy says how the cookie cache is written.
type CacheStrategy string

// The strategies of the cookie cache.
const (
	CompactCache CacheStrategy = "compact" // signed, small; the default
	JWTCache     CacheStrategy = "jwt"     // signed, readable by other services that know the secret
	JWECache     CacheStrategy = "jwe"     // encrypted
)

// CookieCacheOptions of the sessions.
type CookieCacheOptions struct {
	// Enabled turns the cache on. A session revoked elsewhere is then still
	// accepted for up to MaxAge by endpoints that are not sensitive. Updates of
	// sessions and users are noticed at once by the process that makes them.
	Enabled bool
	// Strict also notices at once sessions that the same process has ended, or
	// with Config.Broadcast any node. Better Auth does not. It has no effect
	// where there is no store.
	Strict bool
	// MaxAge is how long a copy is good for. Default 5 minutes.
	MaxAge time.Duration
	// Strategy is how the copy is written. Default [CompactCache].
	Strategy CacheStrategy
	// Version invalidates all copies when it changes. Default "1".
	Version string
	// VersionFunc computes the version from session and user instead.
	VersionFunc func(id *Identity) string
	// Refresh rewrites a copy that is nearly too old without asking a store. It
	// has no effect where there is a store.
	Refresh bool
	// RefreshAge is the remaining age at which that happens. Default a fifth of
	// MaxAge.
	RefreshAge time.Duration
}

// SessionMemoryOptions say what a process remembers of the sessions that it has
// read. A change made by any node is noticed at once; the memory is not used while
// it is not certain that changes would be noticed (see [broadcast.Link]). Changes
// that are made in the database by other programs are noticed after MaxAge, or
// with [Kernel.Invalidate].
type SessionMemoryOptions struct {
	// Enabled turns the memory on. It needs [BroadcastOptions].Channel.
	Enabled bool
	// MaxAge is how long a session is remembered at most. All nodes must have the
	// same. It also bounds how far a replica of the database may lag that answers
	// for sessions. Default 5 seconds.
	MaxAge time.Duration
	// Sessions is how many are remembered; each takes about 2 KiB. Default 10 000.
	Sessions int
}

// BroadcastOptions connect the nodes of a deployment with each other.
type BroadcastOptions struct {
	// Channel carries what one node changes to all others, to be heeded by their
	// memories and cookie caches and when they read from a replica. Package database/postgres and package storage/redis have one;
	// for a single process there is [broadcast.Hub]. Nil means that each node
	// knows only of its own changes.
	Channel broadcast.Channel
	// Lease is how long a node may answer from memory without a sign of life of
	// the others. All nodes must have the same. Default 250 ms.
	Lease time.Duration
}

// AccountOptions of the accounts.
type AccountOptions struct {
	ModelOptions
	// EncryptOAuthTokens encrypts access and refresh tokens in the store.
	EncryptOAuthTokens bool
	// KeepTokensOnSignIn does not update stored tokens when a user signs in
	// again.
	KeepTokensOnSignIn bool
	// StateStrategy says where the state of a sign-in with a provider is kept.
	// Default: the database if there is one, else a cookie.
	StateStrategy StateStrategy
	// SkipStateCookieCheck accepts a callback in another browser than the one
	// that began. Unsafe.
	SkipStateCookieCheck bool
	// StoreAccountCookie keeps the account of the last sign-in with a provider
	// in an encrypted cookie. Always on without a database.
	StoreAccountCookie bool
	Linking            LinkingOptions
}

// StateStrategy says where the state of a sign-in with a provider is kept.
type StateStrategy string

// The state strategies.
const (
	StateInDatabase StateStrategy = "database"
	StateInCookie   StateStrategy = "cookie"
)

// LinkingOptions say when an identity at a provider is added to a user who
// exists.
type LinkingOptions struct {
	// Disabled forbids linking altogether.
	Disabled bool
	// DisableImplicit allows it only on explicit request of the user.
	DisableImplicit bool
	// TrustedProviders may link although they do not say that the address is
	// verified.
	TrustedProviders []string
	// TrustedProvidersFunc returns further ones for a request.
	TrustedProvidersFunc func(r *http.Request) []string
	// AllowUnverifiedLocalEmail links to a user whose own address was never
	// verified. Unsafe: whoever signed up with somebody else's address first
	// keeps the password.
	AllowUnverifiedLocalEmail bool
	// AllowDifferentEmails lets a user link an identity with another address.
	AllowDifferentEmails bool
	// AllowUnlinkingAll lets a user remove the last account.
	AllowUnlinkingAll bool
	// UpdateUserInfoOnLink copies name and image of the provider on linking.
	UpdateUserInfoOnLink bool
}

// VerificationOptions of single-use values.
type VerificationOptions struct {
	ModelOptions
	// HashIdentifiers stores the SHA-256 of identifiers, so that a reader of the
	// table cannot use them. Values stored plainly before are still found.
	HashIdentifiers bool
	// HashIdentifier replaces the hash.
	HashIdentifier func(identifier string) string
	// StoreInDatabase keeps values in the database although there is a
	// SecondaryStorage, which then has a copy.
	StoreInDatabase bool
	// DisableCleanup keeps expired rows.
	DisableCleanup bool
}

// PasswordOptions of everything that takes a password.
type PasswordOptions struct {
	// MinLength and MaxLength count UTF-16 code units. Defaults 8 and 128.
	MinLength, MaxLength int
	// Hasher replaces scrypt.
	Hasher password.Hasher
	// Limits bound the work of the default hasher.
	Limits password.Limits
}

// CookieOptions of all cookies.
type CookieOptions struct {
	// Secure says whether cookies get the Secure attribute and the name prefix
	// "__Secure-". Nil means: if the base URL is https, or not known in
	// production.
	Secure *bool
	// Prefix begins every name. Default "better-auth".
	Prefix string
	// CrossSubDomain gives cookies a Domain, so that subdomains share them.
	CrossSubDomain CrossSubDomain
	// Defaults change the attributes of all cookies.
	Defaults CookieAttributes
	// Overrides rename cookies, or change their attributes, by key:
	// "session_token", "session_data", "account_data", "dont_remember", "state".
	Overrides map[string]CookieOverride
}

// CrossSubDomain shares cookies between subdomains.
type CrossSubDomain struct {
	Enabled bool
	// Domain is the common domain. Default: the host of the base URL.
	Domain string
}

// CookieOverride changes one cookie.
type CookieOverride struct {
	// Name replaces prefix and key; the secure prefix is still put before it.
	Name string
	// Attributes change the attributes.
	Attributes CookieAttributes
}

// CookieAttributes change attributes where they are set.
type CookieAttributes struct {
	MaxAge      *int64 // seconds
	Domain      string
	Path        string
	HTTPOnly    *bool
	Secure      *bool
	SameSite    string // "lax", "strict", "none"
	Partitioned *bool
}

func (a CookieAttributes) apply(to cookie.Attributes) cookie.Attributes {
	if a.MaxAge != nil {
		to.MaxAge = cookie.Seconds(*a.MaxAge)
	}
	if a.Domain != "" {
		to.Domain = a.Domain
	}
	if a.Path != "" {
		to.Path = a.Path
	}
	if a.HTTPOnly != nil {
		to.HTTPOnly = *a.HTTPOnly
	}
	if a.Secure != nil {
		to.Secure = *a.Secure
	}
	if a.SameSite != "" {
		to.SameSite = a.SameSite
	}
	if a.Partitioned != nil {
		to.Partitioned = *a.Partitioned
	}
	return to
}

// ClientIPOptions say whose word counts for the address of a client.
type ClientIPOptions struct {
	// Headers are tried in order. Default "X-Forwarded-For".
	Headers []string
	// TrustedProxies are the addresses and networks of your proxies. Headers
	// count only on requests that come from one of them. Default: this machine,
	// whose single X-Forwarded-For address is believed. Without a usable header
	// the address of the connection is used.
	TrustedProxies []string
	// IPv6Subnet is how many leading bits tell IPv6 clients apart. Default 64.
	IPv6Subnet int
	// Disabled records no addresses and so turns rate limits off. Unsafe.
	Disabled bool
}
