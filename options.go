package ostiary

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/features/user"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
)

// Options is everything that can be configured. The zero value is safe: what is
// needed beyond it is a secret, a database that keeps more than this process,
// and whatever way of signing in is to be offered.
type Options struct {
	// AppName is used in messages to people. Default "Ostiary".
	AppName string
	// BaseURL says under which address the server is reached. Set it: links in
	// mails are made from it.
	BaseURL core.BaseURL
	// BasePath is the path below which endpoints are served, unless the base URL
	// has a path of its own. Default "/api/auth".
	BasePath string
	// Development relaxes what only matters in production; see
	// [core.Config.Development]. Default false.
	Development bool

	// Secret signs and encrypts: at least 32 random characters. The command
	// `ostiary secret` makes one.
	Secret string
	// Secrets are versioned secrets, the current one first; the others decrypt
	// only. Secret, if given as well, decrypts values from before versioning.
	Secrets []core.VersionedSecret
	// AcceptPreviousSecrets also accepts cookies signed with an older one of
	// Secrets, so that a rotation signs nobody out.
	AcceptPreviousSecrets bool

	// Database keeps everything, for example sqlite.Open("app.db"). Without one,
	// sessions live in encrypted cookies and cannot be revoked.
	Database database.Adapter
	// SecondaryStorage, for example Redis, keeps sessions, single-use values and
	// rate-limit counters, which then are not in the database unless
	// Session.StoreInDatabase and Verification.StoreInDatabase are set. Nil keeps
	// them in the database.
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

	// Broadcast connects the nodes of a deployment with each other, so that what
	// one of them changes is noticed by the caches of all.
	Broadcast core.BroadcastOptions

	// EmailAndPassword lets users sign in with a password.
	EmailAndPassword emailpassword.Options
	// EmailVerification proves addresses.
	EmailVerification emailverification.Options

	// SocialProviders let users sign in with accounts that they have elsewhere;
	// the packages below providers make them.
	SocialProviders []social.Provider
	// AcceptForeignStates also completes sign-ins with a provider that a Better
	// Auth server began which shares database and secret.
	AcceptForeignStates bool

	User         UserOptions
	Session      core.SessionOptions
	Account      core.AccountOptions
	Verification core.VerificationOptions

	// TrustedOrigins are origins, besides that of the base URL, from which
	// requests with cookies are accepted and to which may be redirected. They may
	// contain wildcards, such as "https://*.example.com".
	TrustedOrigins []string
	// TrustedOriginsFunc returns further trusted origins for a request. It is
	// called with nil when there is no request.
	TrustedOriginsFunc func(r *http.Request) []string

	// RateLimit bounds how often a client may ask.
	RateLimit core.RateLimitOptions
	// Cookies names cookies and sets their attributes.
	Cookies core.CookieOptions
	// ClientIP says whose word counts for the address of a client. Set
	// TrustedProxies behind a proxy on another machine.
	ClientIP core.ClientIPOptions
	// Advanced has what is rarely needed.
	Advanced AdvancedOptions

	// Plugins extend the server, in this order.
	Plugins []core.Plugin
	// Hooks run around every endpoint; package hooks makes them.
	Hooks []core.Hook
	// DatabaseHooks run around writes.
	DatabaseHooks []core.DatabaseHook

	// OnError is called with errors that are not answers of the API, instead of
	// logging them.
	OnError func(err error, c *core.Context)
	// Background runs work that a response need not wait for, such as sending
	// mail, for example `func(task func()) { go task() }`. [Auth.Close] waits for
	// it. Nil means that the response waits.
	Background func(task func())
	// DeliverInTransaction calls the functions that send mail in the transaction of
	// the change that causes the mail, where there is one: a sign-up, a request for a
	// new password, a code. Both happen, or neither does. Set it when the functions
	// do no more than write to an outbox in the same database, as package
	// plugins/outbox has one: they hold the transaction, and their errors undo the
	// change and fail the request. Default false: they are called after it, and
	// errors are logged.
	DeliverInTransaction bool
	// Logger receives messages. Secrets are redacted. Default slog.Default().
	Logger *slog.Logger
}

// UserOptions of the users.
type UserOptions struct {
	// Table renames the table, Columns its built-in columns by field name.
	Table   string
	Columns map[string]string
	// Fields are additional fields; [schema.FieldsOf] takes them from a struct.
	Fields []schema.Field
	// Validate decides whether a user may sign up, sign in with a provider or be
	// linked. Nil refuses nobody.
	Validate func(ctx context.Context, u core.User, source core.Source) (*core.UserRefusal, error)

	user.Options
}

// AdvancedOptions are rarely needed.
type AdvancedOptions struct {
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
	// OriginCheckExempt are paths, with all below them, that are exempt from the
	// origin check. Unsafe.
	OriginCheckExempt []string
	// SkipSchemaCheck works with a database that lacks tables or columns as far
	// as that goes. Without it, every use of such a database fails with an error
	// that names what is missing. [Auth.CheckSchema] checks at any time.
	SkipSchemaCheck bool
	// MaxBodyBytes bounds request bodies. Default 1 MiB.
	MaxBodyBytes int64
	// ErrorURL is where failed flows are sent that have no page of their own.
	// Default: the built-in page.
	ErrorURL string
	// HTTPClient makes outgoing requests. Default: a client with time-outs that
	// does not follow redirects and keeps to public addresses.
	HTTPClient *http.Client
	// PrivateNetworks are the networks, for example "10.0.0.0/8", in which other
	// servers, such as providers, are asked although they are not public. By
	// default none are, and all in development.
	PrivateNetworks []string
	// Now is the clock. Default time.Now. For tests.
	Now func() time.Time
	// Random is the source of ids, tokens and nonces. Default crypto/rand. For
	// tests.
	Random io.Reader
}

// StaticURL is the base URL of a server that is reached under one address.
func StaticURL(address string) core.BaseURL { return core.StaticURL(address) }

// HostURLs is the base URL of a server that is reached under several hosts,
// which may contain wildcards.
func HostURLs(hosts ...string) core.BaseURL { return core.HostURLs(hosts...) }

// social returns the options of social sign-in, which mails verification links
// through the other feature.
func (o *Options) social(verification *emailverification.Feature) social.Options {
	options := social.Options{
		Providers: o.SocialProviders, AcceptForeignStates: o.AcceptForeignStates,
		SendOnSignUp: verification.SendsOnSignUp, SendOnSignIn: verification.SendsOnSignIn(),
	}
	if verification.Configured() {
		options.SendVerification = func(c *core.Context, u *core.User, callbackURL string) error {
			return verification.Deliver(c, *u, callbackURL)
		}
	}
	return options
}

// config returns what the kernel is made from.
func (o *Options) config() core.Config {
	return core.Config{
		AppName: o.AppName, BaseURL: o.BaseURL, BasePath: o.BasePath, Development: o.Development,
		Secret: o.Secret, Secrets: o.Secrets, AcceptPreviousSecrets: o.AcceptPreviousSecrets,
		Database: o.Database, SecondaryStorage: o.SecondaryStorage, IDs: o.IDs, ModelIDs: o.ModelIDs, GenerateID: o.GenerateID, PluralTables: o.PluralTables, PluginTables: o.PluginTables, Broadcast: o.Broadcast,
		User:         core.ModelOptions{Table: o.User.Table, Columns: o.User.Columns, Fields: o.User.Fields},
		ValidateUser: o.User.Validate,
		Session:      o.Session, Account: o.Account, Verification: o.Verification,
		Password: core.PasswordOptions{
			MinLength: o.EmailAndPassword.MinPasswordLength, MaxLength: o.EmailAndPassword.MaxPasswordLength,
			Hasher: o.EmailAndPassword.Hasher, Limits: o.EmailAndPassword.HashLimits,
		},
		TrustedOrigins: o.TrustedOrigins, TrustedOriginsFunc: o.TrustedOriginsFunc,
		RateLimit: o.RateLimit, Cookies: o.Cookies, ClientIP: o.ClientIP,
		DisabledPaths: o.Advanced.DisabledPaths, SkipTrailingSlashes: o.Advanced.SkipTrailingSlashes,
		TrustedProxyHeaders: o.Advanced.TrustedProxyHeaders, DisableCSRFCheck: o.Advanced.DisableCSRFCheck,
		DisableOriginCheck: o.Advanced.DisableOriginCheck, KeepNavigationCheck: o.Advanced.KeepNavigationCheck,
		OriginCheckExempt: o.Advanced.OriginCheckExempt, SkipSchemaCheck: o.Advanced.SkipSchemaCheck, MaxBodyBytes: o.Advanced.MaxBodyBytes, ErrorURL: o.Advanced.ErrorURL,
		OnError: o.OnError, Hooks: o.Hooks, DatabaseHooks: o.DatabaseHooks, Plugins: o.Plugins, Background: o.Background, DeliverInTransaction: o.DeliverInTransaction,
		Logger: o.Logger, Now: o.Advanced.Now, Random: o.Advanced.Random, HTTPClient: o.Advanced.HTTPClient,
		PrivateNetworks: o.Advanced.PrivateNetworks,
	}
}
