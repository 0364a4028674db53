// Package core is the kernel of Ostiary: it runs requests through their stages,
// with hooks and plugins, and stores users, sessions, accounts and single-use
// values. It knows no way of signing in; those are features and plugins, which
// all use the one contract that [Plugin] describes.
package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/clientip"
	"github.com/ostiary/ostiary/internal/origin"
	"github.com/ostiary/ostiary/internal/outbound"
	"github.com/ostiary/ostiary/internal/random"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

// Kernel serves the endpoints of its plugins. It is safe for use by many
// goroutines. Make one with [New].
type Kernel struct {
	// DB is the database.
	DB *database.DB
	// Users, Sessions, Accounts and Verifications are the stored things.
	Users         *Users
	Sessions      *Sessions
	Accounts      *Accounts
	Verifications *Verifications
	// Passwords hashes and verifies passwords, PasswordPolicy checks them.
	Passwords      password.Hasher
	PasswordPolicy password.Policy
	// Secrets sign and encrypt.
	Secrets *secret.Keyring
	// Random makes ids, tokens and nonces.
	Random *random.Source
	// HTTP makes outgoing requests.
	HTTP *http.Client
	// Log receives messages.
	Log *slog.Logger

	config   Config
	stateful bool
	lifetime struct{ expires, update, fresh time.Duration }
	static   *site // nil when the base URL depends on the request
	cookies  *cookieSet
	trusted  origin.Set
	writer   *writer
	migrator *migrate.Migrator // nil when the database has no tables to migrate

	plugins, initialised []Plugin
	endpoints            map[*route.Spec]*Endpoint
	byName               map[string]*Endpoint
	router               router
	hooks                []Hook
	guards               []SignInGuard
	codec                CacheCodec // nil when the cookie cache has a strategy of the kernel
	middleware           []Middleware
	requestInterceptors  []RequestInterceptor
	responseInterceptors []ResponseInterceptor
	tokenSources         []SessionTokenSource
	disabled             map[string]bool
	limiter              limiter
	pluginRules, rules   []RateLimitRule
	addresses            *clientip.Resolver
	deliveries           *deliveries
	opened               *cacheMemory
	watermarks           *watermarks
	news                 *news           // nil unless there is a memory or a replica
	memory               *sessionMemory  // nil when nothing is remembered
	replica              *sessionReplica // nil when sessions are read from no replica
	link                 *broadcast.Link // nil when there is no channel to other nodes
	stopLink             func(within context.Context) error
}

// New makes a kernel. The error lists every problem of the configuration, with
// the option's name and the remedy.
func New(config Config) (*Kernel, error) {
	problems := config.fill()
	k := &Kernel{
		config: config, Log: slog.New(redact(config.Logger.Handler())), Random: random.New(config.Random), HTTP: config.HTTPClient,
		plugins: config.Plugins, endpoints: map[*route.Spec]*Endpoint{}, byName: map[string]*Endpoint{},
		stateful: config.stateful(), disabled: map[string]bool{}, watermarks: newWatermarks(&config, config.stateful()),
		opened: newCacheMemory(), deliveries: newDeliveries(),
	}
	for _, step := range []func() error{k.setLifetimes, k.setSecrets, k.setPasswords, k.setSite, k.setDatabase, k.setLink, k.setLimiter, k.setClient, k.addPlugins} {
		if err := step(); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		if err := k.closePlugins(context.Background()); err != nil {
			problems = append(problems, err)
		}
		return nil, fmt.Errorf("ostiary: the configuration has problems:\n%w", errors.Join(problems...))
	}
	k.startLink()
	return k, nil
}

// Config returns the configuration with its defaults filled in. It must not be
// changed.
func (k *Kernel) Config() *Config { return &k.config }

// Now returns the current time of the injected clock.
func (k *Kernel) Now() time.Time { return k.config.Now() }

// Stateful reports whether sessions are in a store, so that they can be looked
// up and revoked.
func (k *Kernel) Stateful() bool { return k.stateful }

// StaticBaseURL returns the base URL with the base path, or "" when it depends
// on the request.
func (k *Kernel) StaticBaseURL() string {
	if k.static == nil {
		return ""
	}
	return k.static.base
}

// Endpoints returns the routes that are served, in no particular order.
func (k *Kernel) Endpoints() []route.Described {
	list := make([]route.Described, 0, len(k.endpoints))
	for _, e := range k.endpoints {
		list = append(list, e.route)
	}
	return list
}

// Close stops the plugins in reverse order, waits for background work and
// closes the secondary storage, the database and idle connections.
func (k *Kernel) Close(ctx context.Context) error {
	problems := []error{k.deliveries.close(ctx)}
	if k.stopLink != nil {
		problems = append(problems, k.stopLink(ctx))
	}
	problems = append(problems, k.closePlugins(ctx))
	if k.config.SecondaryStorage != nil {
		problems = append(problems, k.config.SecondaryStorage.Close())
	}
	problems = append(problems, k.DB.Close())
	if k.config.HTTPClient == nil {
		k.HTTP.CloseIdleConnections()
	}
	return errors.Join(problems...)
}

// closePlugins stops the plugins that were initialised, in reverse order.
func (k *Kernel) closePlugins(ctx context.Context) error {
	var problems []error
	for _, p := range slices.Backward(k.initialised) {
		if c, ok := p.(Closer); ok {
			problems = append(problems, c.Close(ctx))
		}
	}
	return errors.Join(problems...)
}

// setClient makes the client for outgoing requests, unless the application has
// one of its own. The requests of either are bounded for each host.
func (k *Kernel) setClient() error {
	if k.HTTP != nil {
		k.HTTP = outbound.Bounded(k.HTTP)
		return nil
	}
	o := outbound.Options{Everything: k.config.Development}
	var problems []error
	for _, text := range k.config.PrivateNetworks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("PrivateNetworks: %q is not a network such as 10.0.0.0/8", text))
			continue
		}
		o.Private = append(o.Private, network)
	}
	k.HTTP = outbound.Bounded(outbound.NewClient(o))
	return errors.Join(problems...)
}

func (k *Kernel) setSecrets() error {
	keys, err := k.keyring()
	if err != nil {
		// The plugins still check their own options, with keys for nothing.
		k.Secrets, _ = secret.NewKeyring(secret.Options{Secret: secret.Default})
		return fmt.Errorf("Secret: %w", err)
	}
	for _, warning := range secret.Assess(string(keys.Current())) {
		k.Log.Warn("weak secret", "problem", warning)
	}
	k.Secrets = keys
	return nil
}

func (k *Kernel) keyring() (*secret.Keyring, error) {
	o := secret.Options{Secret: secret.String(k.config.Secret), AcceptPrevious: k.config.AcceptPreviousSecrets}
	for _, v := range k.config.Secrets {
		o.Versions = append(o.Versions, secret.Version{Version: v.Version, Value: secret.String(v.Value)})
	}
	if o.Secret == "" && len(o.Versions) == 0 {
		if !k.config.Development {
			return nil, errors.New("not set; generate one with `ostiary secret` and pass it, for example from an environment variable")
		}
		o.Secret = secret.Default
	}
	if !k.config.Development && o.Secret == secret.Default && len(o.Versions) == 0 {
		return nil, errors.New("this is the well-known default; generate one with `ostiary secret`")
	}
	return secret.NewKeyring(o)
}

func (k *Kernel) setPasswords() error {
	o := &k.config.Password
	k.PasswordPolicy = password.Policy{MinLength: o.MinLength, MaxLength: o.MaxLength}
	k.Passwords = o.Hasher
	if k.Passwords == nil {
		k.Passwords = password.NewScrypt(o.Limits)
	}
	return nil
}

func (k *Kernel) setSite() error {
	var problems []error
	b := &k.config.BaseURL
	patterns := append(allowedHostOrigins(b), k.config.TrustedOrigins...)
	for _, text := range patterns {
		if text == "" {
			continue
		}
		p, err := origin.Compile(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("TrustedOrigins: %w", err))
			continue
		}
		k.trusted = append(k.trusted, p)
	}
	for _, path := range k.config.DisabledPaths {
		k.disabled[path] = true
	}
	if b.Func != nil && (b.URL != "" || len(b.AllowedHosts) > 0) {
		problems = append(problems, errors.New("BaseURL: Func excludes URL and AllowedHosts; set one of them"))
	}
	if cross := k.config.Cookies.CrossSubDomain; cross.Enabled && cross.Domain == "" && b.URL == "" && len(b.AllowedHosts) == 0 {
		problems = append(problems, errors.New("Cookies.CrossSubDomain: set Domain, or BaseURL, from which it can be taken"))
	}
	var warnings []string
	ip := &k.config.ClientIP
	k.addresses, warnings = clientip.New(clientip.Options{Headers: ip.Headers, TrustedProxies: ip.TrustedProxies, IPv6Subnet: ip.IPv6Subnet, Disabled: ip.Disabled})
	for _, w := range warnings {
		problems = append(problems, fmt.Errorf("ClientIP.TrustedProxies: %s", w))
	}
	k.cookies = newCookieSet(&k.config, b.URL)
	if err := k.cookies.check(k.Now()); err != nil {
		problems = append(problems, fmt.Errorf("Cookies: %w", err))
	}
	if b.Fallback != "" {
		if _, err := k.newSite(b.Fallback); err != nil {
			problems = append(problems, fmt.Errorf("BaseURL.Fallback: %w", err))
		}
	}
	if b.URL == "" {
		if !k.config.Development && b.Func == nil && len(b.AllowedHosts) == 0 {
			k.Log.Warn("BaseURL is not set: links in mails will name whatever host a request names")
		}
		return errors.Join(problems...)
	}
	s, err := k.newSite(b.URL)
	if err != nil {
		return errors.Join(append(problems, err)...)
	}
	k.static = s
	if k.config.TrustedOriginsFunc == nil {
		k.static = k.withTrusted(s, nil)
	}
	return errors.Join(problems...)
}

// dynamicCookies reports whether the cookies depend on the request's host.
func (k *Kernel) dynamicCookies() bool {
	return k.config.BaseURL.URL == "" && k.config.Cookies.CrossSubDomain.Enabled
}

func (k *Kernel) setDatabase() error {
	s, err := k.compileSchema()
	if err != nil {
		return err
	}
	if k.migrator, err = k.newMigrator(s); err != nil {
		return fmt.Errorf("Database: %w", err)
	}
	k.DB, err = database.New(k.config.Database, s, database.Options{Now: k.config.Now, NewID: k.NewID, OwnIDs: k.config.GenerateID != nil, Check: k.checkDatabase})
	if err != nil {
		return fmt.Errorf("Database: %w", err)
	}
	users, sessions := s.Table(schema.UserKey), s.Table(schema.SessionKey)
	k.Users = &Users{k, users, additionalFields(users, schema.UserCoreFields)}
	k.Accounts = &Accounts{k: k, table: s.Table(schema.AccountKey)}
	verifications := s.Table(schema.VerificationKey)
	k.Verifications = &Verifications{k: k, table: verifications, store: k.newVerificationStore(verifications)}
	k.Sessions = &Sessions{k: k, table: sessions, input: additionalFields(sessions, schema.SessionCoreFields), store: k.newSessionStore(sessions, users)}
	k.writer = &writer{db: k.DB, hooks: map[string][]DatabaseHook{}}
	return nil
}

// NewID returns an id for a row of a model, as the id strategy makes them; ""
// when the database is to make it.
func (k *Kernel) NewID(model string) string {
	switch {
	case k.config.GenerateID != nil:
		return k.config.GenerateID(model)
	case k.idStrategy(model) == schema.UUIDs:
		return k.Random.UUID()
	}
	return k.Random.Token(idLength)
}

func (k *Kernel) idStrategy(model string) schema.IDStrategy {
	if t := k.DB.Schema().Table(model); t != nil {
		return t.IDs
	}
	return k.config.IDs
}

const idLength = 32

func (k *Kernel) compileSchema() (*schema.Schema, error) {
	c := &k.config
	d := schema.Definition{
		Models:      []schema.Model{schema.UserModel(), schema.SessionModel(), schema.AccountModel(), schema.VerificationModel()},
		Additional:  map[string][]schema.Field{},
		Renames:     map[string]schema.Rename{},
		PluralNames: c.PluralTables,
		IDs:         c.IDs,
		ModelIDs:    c.ModelIDs,
	}
	for key, o := range map[string]*ModelOptions{
		schema.UserKey: &c.User, schema.SessionKey: &c.Session.ModelOptions,
		schema.AccountKey: &c.Account.ModelOptions, schema.VerificationKey: &c.Verification.ModelOptions,
	} {
		d.Renames[key] = schema.Rename{Table: o.Table, Columns: o.Columns}
		if len(o.Fields) > 0 {
			d.Additional[key] = o.Fields
		}
	}
	elsewhere := c.keepElsewhere(d.Models)
	if c.RateLimit.Storage == RateLimitInDatabase {
		d.Models = append(d.Models, schema.RateLimitModel())
		d.Renames[schema.RateLimitKey] = schema.Rename{Table: c.RateLimit.Table, Columns: c.RateLimit.Columns}
	}
	for key, r := range c.PluginTables {
		if _, core := d.Renames[key]; !core {
			d.Renames[key] = r
		}
	}
	d.Plugins = expiryIndexes(c)
	for _, p := range c.Plugins {
		if m, ok := p.(Modeler); ok {
			for _, model := range m.Models() {
				model.Owner = p.ID()
				d.Plugins = append(d.Plugins, model)
			}
		}
	}
	dropReferences(d.Plugins, elsewhere)
	return schema.Compile(d)
}

// keepElsewhere takes the tables out of the database whose rows are in the
// secondary storage alone, and returns their keys.
func (c *Config) keepElsewhere(models []schema.Model) []string {
	var elsewhere []string
	for i := range models {
		m := &models[i]
		switch m.Key {
		case schema.SessionKey:
			m.Unmanaged = c.SecondaryStorage != nil && !c.Session.StoreInDatabase
		case schema.VerificationKey:
			m.Unmanaged = c.SecondaryStorage != nil && !c.Verification.StoreInDatabase
		}
		if m.Unmanaged {
			elsewhere = append(elsewhere, m.Key)
		}
	}
	return elsewhere
}

// dropReferences makes plain fields of what would be foreign keys to tables that
// are not in the database.
func dropReferences(models []schema.Model, elsewhere []string) {
	for i := range models {
		models[i].Fields = slices.Clone(models[i].Fields)
		for j := range models[i].Fields {
			f := &models[i].Fields[j]
			if f.References != nil && slices.Contains(elsewhere, f.References.Model) {
				f.References = nil
			}
		}
	}
}

func (k *Kernel) setLimiter() error {
	o := &k.config.RateLimit
	var err error
	if k.rules, err = compileRules(o.Rules); err != nil {
		return fmt.Errorf("RateLimit.Rules: %w", err)
	}
	switch {
	case o.Enabled != nil && !*o.Enabled, o.Enabled == nil && k.config.Development, k.config.ClientIP.Disabled:
		return nil
	case o.Storage == RateLimitInMemory:
		k.limiter = newMemoryLimiter(k.config.Now)
	case o.Storage == RateLimitInSecondaryStorage && k.config.SecondaryStorage != nil:
		k.limiter = &storageLimiter{store: k.config.SecondaryStorage, local: newMemoryLimiter(k.config.Now)}
	case o.Storage == RateLimitInDatabase && k.DB != nil:
		k.limiter = &databaseLimiter{k: k, table: k.DB.Table(schema.RateLimitKey)}
	}
	return nil
}

// addPlugins initialises the plugins and collects what they provide.
func (k *Kernel) addPlugins() error {
	if k.DB == nil {
		return nil // reported already
	}
	var problems []error
	seen := map[string]bool{}
	k.addHooks("the application", k.config.Hooks)
	for _, p := range k.plugins {
		if id := p.ID(); id == "" || seen[id] {
			problems = append(problems, fmt.Errorf("Plugins: the id %q is empty or given twice", id))
			continue
		}
		seen[p.ID()] = true
		if i, ok := p.(Initializer); ok {
			if err := i.Init(k); err != nil {
				problems = append(problems, err)
				continue
			}
		}
		k.initialised = append(k.initialised, p)
		if err := k.collect(p); err != nil {
			problems = append(problems, err)
		}
	}
	for _, h := range k.config.DatabaseHooks {
		k.writer.hooks[h.Model] = append(k.writer.hooks[h.Model], h)
	}
	for _, h := range k.config.Hooks {
		if h.spec != nil && k.endpoints[h.spec] == nil {
			problems = append(problems, fmt.Errorf("Hooks: a hook is for %s, which is not served; add the plugin that serves it, or remove the hook", h.spec.Name))
		}
	}
	for model := range maps.Keys(k.writer.hooks) {
		switch model {
		case schema.UserKey, schema.SessionKey, schema.AccountKey, schema.VerificationKey:
		default:
			problems = append(problems, fmt.Errorf("DatabaseHooks: the model %q has no hooks; use user, session, account or verification", model))
		}
	}
	return errors.Join(problems...)
}

func (k *Kernel) collect(p Plugin) error {
	if h, ok := p.(HookProvider); ok {
		k.addHooks(p.ID(), h.Hooks())
	}
	if h, ok := p.(DatabaseHookProvider); ok {
		for _, hook := range h.DatabaseHooks() {
			k.writer.hooks[hook.Model] = append(k.writer.hooks[hook.Model], hook)
		}
	}
	if g, ok := p.(SignInGuard); ok {
		k.guards = append(k.guards, g)
	}
	if cp, ok := p.(CacheCodecProvider); ok {
		if codec := cp.CacheCodec(); codec != nil {
			k.codec = codec
		}
	}
	if l, ok := p.(RateLimiter); ok {
		rules, err := compileRules(l.RateLimits())
		if err != nil {
			return fmt.Errorf("plugin %s: %w", p.ID(), err)
		}
		k.pluginRules = append(k.pluginRules, rules...)
	}
	if m, ok := p.(MiddlewareProvider); ok {
		k.middleware = append(k.middleware, m.Middleware()...)
	}
	if i, ok := p.(RequestInterceptor); ok {
		k.requestInterceptors = append(k.requestInterceptors, i)
	}
	if i, ok := p.(ResponseInterceptor); ok {
		k.responseInterceptors = append(k.responseInterceptors, i)
	}
	if s, ok := p.(SessionTokenSource); ok {
		k.tokenSources = append(k.tokenSources, s)
	}
	if e, ok := p.(EndpointProvider); ok {
		return k.mount(p.ID(), e.Endpoints())
	}
	return nil
}

func (k *Kernel) addHooks(source string, hooks []Hook) {
	for _, h := range hooks {
		h.source = source
		k.hooks = append(k.hooks, h)
	}
}
