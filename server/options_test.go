package server

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/server/internal/configfile"
)

func parse(t *testing.T, text string) Config {
	t.Helper()
	file, err := configfile.Parse("ostiary.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := decode(file)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return c
}

// translate returns the options of a configuration for a server that can send
// mails.
func translate(c *Config) (ostiary.Options, []error) {
	t := translation{Config: c, letters: &letters{}, log: slog.New(slog.DiscardHandler)}
	return t.options(), t.problems
}

// mapped has, for each key, a line that sets it, and what it must become.
var mapped = []struct {
	key, text string
	got       func(o *ostiary.Options) any
	want      any
}{
	{"appName", "appName: Acme", func(o *ostiary.Options) any { return o.AppName }, "Acme"},
	{"baseURL", "baseURL: https://a.example", func(o *ostiary.Options) any { return o.BaseURL.URL }, "https://a.example"},
	{"baseURL.allowedHosts", "baseURL: {allowedHosts: [a.example]}", func(o *ostiary.Options) any { return o.BaseURL.AllowedHosts }, []string{"a.example"}},
	{"baseURL.fallback", "baseURL: {fallback: https://a.example}", func(o *ostiary.Options) any { return o.BaseURL.Fallback }, "https://a.example"},
	{"baseURL.protocol", "baseURL: {protocol: https}", func(o *ostiary.Options) any { return o.BaseURL.Protocol }, "https"},
	{"basePath", "basePath: /auth", func(o *ostiary.Options) any { return o.BasePath }, "/auth"},
	{"secret", "secret: abc", func(o *ostiary.Options) any { return o.Secret }, "abc"},
	{"secrets", "secrets: [{version: 2, value: b}]", func(o *ostiary.Options) any { return o.Secrets }, []core.VersionedSecret{{Version: 2, Value: "b"}}},
	{"secrets.version", "secrets: [{version: 7, value: b}]", func(o *ostiary.Options) any { return o.Secrets[0].Version }, 7},
	{"secrets.value", "secrets: [{version: 7, value: c}]", func(o *ostiary.Options) any { return o.Secrets[0].Value }, "c"},
	{"trustedOrigins", "trustedOrigins: [https://b.example]", func(o *ostiary.Options) any { return o.TrustedOrigins }, []string{"https://b.example"}},
	{"disabledPaths", "disabledPaths: [/ok]", func(o *ostiary.Options) any { return o.Advanced.DisabledPaths }, []string{"/ok"}},

	{"emailAndPassword", "emailAndPassword: {}", func(o *ostiary.Options) any { return o.EmailAndPassword.Enabled }, false},
	{"emailAndPassword.enabled", "emailAndPassword: {enabled: true}", func(o *ostiary.Options) any { return o.EmailAndPassword.Enabled }, true},
	{"emailAndPassword.disableSignUp", "emailAndPassword: {disableSignUp: true}", func(o *ostiary.Options) any { return o.EmailAndPassword.DisableSignUp }, true},
	{"emailAndPassword.autoSignIn", "emailAndPassword: {autoSignIn: false}", func(o *ostiary.Options) any { return *o.EmailAndPassword.AutoSignIn }, false},
	{"emailAndPassword.requireEmailVerification", "emailAndPassword: {requireEmailVerification: true}", func(o *ostiary.Options) any { return o.EmailAndPassword.RequireEmailVerification }, true},
	{"emailAndPassword.minPasswordLength", "emailAndPassword: {minPasswordLength: 10}", func(o *ostiary.Options) any { return o.EmailAndPassword.MinPasswordLength }, 10},
	{"emailAndPassword.maxPasswordLength", "emailAndPassword: {maxPasswordLength: 64}", func(o *ostiary.Options) any { return o.EmailAndPassword.MaxPasswordLength }, 64},
	{"emailAndPassword.resetPasswordTokenExpiresIn", "emailAndPassword: {resetPasswordTokenExpiresIn: 60}", func(o *ostiary.Options) any { return o.EmailAndPassword.ResetPasswordTokenExpiresIn }, time.Minute},
	{"emailAndPassword.revokeSessionsOnPasswordReset", "emailAndPassword: {revokeSessionsOnPasswordReset: false}", func(o *ostiary.Options) any { return o.EmailAndPassword.RevokeSessionsOnPasswordReset }, false},
	{"emailAndPassword.sendResetPassword", "emailAndPassword: {sendResetPassword: false}", func(o *ostiary.Options) any { return o.EmailAndPassword.SendResetPassword == nil }, true},
	{"emailAndPassword.onPasswordReset", "emailAndPassword: {onPasswordReset: false}", func(o *ostiary.Options) any { return o.EmailAndPassword.OnPasswordReset == nil }, true},
	{"emailAndPassword.onExistingUserSignUp", "emailAndPassword: {onExistingUserSignUp: false}", func(o *ostiary.Options) any { return o.EmailAndPassword.OnExistingUserSignUp == nil }, true},

	{"emailVerification", "emailVerification: {}", func(o *ostiary.Options) any { return o.EmailVerification.SendOnSignIn }, false},
	{"emailVerification.sendVerificationEmail", "emailVerification: {sendVerificationEmail: false}", func(o *ostiary.Options) any { return o.EmailVerification.Send == nil }, true},
	{"emailVerification.sendOnSignUp", "emailVerification: {sendOnSignUp: true}", func(o *ostiary.Options) any { return *o.EmailVerification.SendOnSignUp }, true},
	{"emailVerification.sendOnSignIn", "emailVerification: {sendOnSignIn: true}", func(o *ostiary.Options) any { return o.EmailVerification.SendOnSignIn }, true},
	{"emailVerification.autoSignInAfterVerification", "emailVerification: {autoSignInAfterVerification: true}", func(o *ostiary.Options) any { return o.EmailVerification.AutoSignIn }, true},
	{"emailVerification.expiresIn", "emailVerification: {expiresIn: 60}", func(o *ostiary.Options) any { return o.EmailVerification.ExpiresIn }, time.Minute},

	{"user", "user: {}", func(o *ostiary.Options) any { return o.User.Table }, ""},
	{"user.modelName", "user: {modelName: people}", func(o *ostiary.Options) any { return o.User.Table }, "people"},
	{"user.fields", "user: {fields: {email: mail}}", func(o *ostiary.Options) any { return o.User.Columns }, map[string]string{"email": "mail"}},
	{"user.changeEmail", "user: {changeEmail: {}}", func(o *ostiary.Options) any { return o.User.ChangeEmail.Enabled }, false},
	{"user.changeEmail.enabled", "user: {changeEmail: {enabled: true}}", func(o *ostiary.Options) any { return o.User.ChangeEmail.Enabled }, true},
	{"user.changeEmail.sendChangeEmailConfirmation", "user: {changeEmail: {sendChangeEmailConfirmation: false}}", func(o *ostiary.Options) any { return o.User.ChangeEmail.SendConfirmation == nil }, true},
	{"user.changeEmail.updateEmailWithoutVerification", "user: {changeEmail: {updateEmailWithoutVerification: true}}", func(o *ostiary.Options) any { return o.User.ChangeEmail.UpdateWithoutVerification }, true},
	{"user.deleteUser", "user: {deleteUser: {}}", func(o *ostiary.Options) any { return o.User.DeleteUser.Enabled }, false},
	{"user.deleteUser.enabled", "user: {deleteUser: {enabled: true}}", func(o *ostiary.Options) any { return o.User.DeleteUser.Enabled }, true},
	{"user.deleteUser.sendDeleteAccountVerification", "user: {deleteUser: {sendDeleteAccountVerification: false}}", func(o *ostiary.Options) any { return o.User.DeleteUser.SendVerification == nil }, true},
	{"user.deleteUser.deleteTokenExpiresIn", "user: {deleteUser: {deleteTokenExpiresIn: 60}}", func(o *ostiary.Options) any { return o.User.DeleteUser.TokenExpiresIn }, time.Minute},

	{"session", "session: {}", func(o *ostiary.Options) any { return o.Session.Table }, ""},
	{"session.modelName", "session: {modelName: s}", func(o *ostiary.Options) any { return o.Session.Table }, "s"},
	{"session.fields", "session: {fields: {token: t}}", func(o *ostiary.Options) any { return o.Session.Columns }, map[string]string{"token": "t"}},
	{"session.expiresIn", "session: {expiresIn: 60}", func(o *ostiary.Options) any { return o.Session.ExpiresIn }, time.Minute},
	{"session.updateAge", "session: {updateAge: 0}", func(o *ostiary.Options) any { return *o.Session.UpdateAge }, time.Duration(0)},
	{"session.freshAge", "session: {freshAge: 0}", func(o *ostiary.Options) any { return *o.Session.FreshAge }, time.Duration(0)},
	{"session.disableSessionRefresh", "session: {disableSessionRefresh: true}", func(o *ostiary.Options) any { return o.Session.DisableRefresh }, true},
	{"session.deferSessionRefresh", "session: {deferSessionRefresh: true}", func(o *ostiary.Options) any { return o.Session.DeferRefresh }, true},
	{"session.storeSessionInDatabase", "session: {storeSessionInDatabase: true}", func(o *ostiary.Options) any { return o.Session.StoreInDatabase }, true},
	{"session.preserveSessionInDatabase", "session: {preserveSessionInDatabase: true}", func(o *ostiary.Options) any { return o.Session.PreserveInDatabase }, true},
	{"session.memory", "session: {memory: {}}", func(o *ostiary.Options) any { return o.Session.Memory.Enabled }, false},
	{"session.memory.enabled", "session: {memory: {enabled: true}}", func(o *ostiary.Options) any { return o.Session.Memory.Enabled }, true},
	{"session.memory.maxAge", "session: {memory: {maxAge: 3}}", func(o *ostiary.Options) any { return o.Session.Memory.MaxAge }, 3 * time.Second},
	{"session.cookieCache", "session: {cookieCache: {}}", func(o *ostiary.Options) any { return o.Session.CookieCache.Enabled }, false},
	{"session.cookieCache.enabled", "session: {cookieCache: {enabled: true}}", func(o *ostiary.Options) any { return o.Session.CookieCache.Enabled }, true},
	{"session.cookieCache.maxAge", "session: {cookieCache: {maxAge: 60}}", func(o *ostiary.Options) any { return o.Session.CookieCache.MaxAge }, time.Minute},
	{"session.cookieCache.strategy", "session: {cookieCache: {strategy: jwe}}", func(o *ostiary.Options) any { return o.Session.CookieCache.Strategy }, core.JWECache},
	{"session.cookieCache.version", "session: {cookieCache: {version: '2'}}", func(o *ostiary.Options) any { return o.Session.CookieCache.Version }, "2"},

	{"account", "account: {}", func(o *ostiary.Options) any { return o.Account.Table }, ""},
	{"account.modelName", "account: {modelName: a}", func(o *ostiary.Options) any { return o.Account.Table }, "a"},
	{"account.fields", "account: {fields: {scope: s}}", func(o *ostiary.Options) any { return o.Account.Columns }, map[string]string{"scope": "s"}},
	{"account.encryptOAuthTokens", "account: {encryptOAuthTokens: true}", func(o *ostiary.Options) any { return o.Account.EncryptOAuthTokens }, true},
	{"account.updateAccountOnSignIn", "account: {updateAccountOnSignIn: false}", func(o *ostiary.Options) any { return o.Account.KeepTokensOnSignIn }, true},
	{"account.storeStateStrategy", "account: {storeStateStrategy: cookie}", func(o *ostiary.Options) any { return o.Account.StateStrategy }, core.StateInCookie},
	{"account.storeAccountCookie", "account: {storeAccountCookie: true}", func(o *ostiary.Options) any { return o.Account.StoreAccountCookie }, true},
	{"account.skipStateCookieCheck", "account: {skipStateCookieCheck: true}", func(o *ostiary.Options) any { return o.Account.SkipStateCookieCheck }, true},
	{"account.accountLinking", "account: {accountLinking: {}}", func(o *ostiary.Options) any { return o.Account.Linking.Disabled }, false},
	{"account.accountLinking.enabled", "account: {accountLinking: {enabled: false}}", func(o *ostiary.Options) any { return o.Account.Linking.Disabled }, true},
	{"account.accountLinking.disableImplicitLinking", "account: {accountLinking: {disableImplicitLinking: true}}", func(o *ostiary.Options) any { return o.Account.Linking.DisableImplicit }, true},
	{"account.accountLinking.requireLocalEmailVerified", "account: {accountLinking: {requireLocalEmailVerified: false}}", func(o *ostiary.Options) any { return o.Account.Linking.AllowUnverifiedLocalEmail }, true},
	{"account.accountLinking.trustedProviders", "account: {accountLinking: {trustedProviders: [google]}}", func(o *ostiary.Options) any { return o.Account.Linking.TrustedProviders }, []string{"google"}},
	{"account.accountLinking.allowDifferentEmails", "account: {accountLinking: {allowDifferentEmails: true}}", func(o *ostiary.Options) any { return o.Account.Linking.AllowDifferentEmails }, true},
	{"account.accountLinking.allowUnlinkingAll", "account: {accountLinking: {allowUnlinkingAll: true}}", func(o *ostiary.Options) any { return o.Account.Linking.AllowUnlinkingAll }, true},
	{"account.accountLinking.updateUserInfoOnLink", "account: {accountLinking: {updateUserInfoOnLink: true}}", func(o *ostiary.Options) any { return o.Account.Linking.UpdateUserInfoOnLink }, true},

	{"verification", "verification: {}", func(o *ostiary.Options) any { return o.Verification.Table }, ""},
	{"verification.modelName", "verification: {modelName: v}", func(o *ostiary.Options) any { return o.Verification.Table }, "v"},
	{"verification.fields", "verification: {fields: {value: v}}", func(o *ostiary.Options) any { return o.Verification.Columns }, map[string]string{"value": "v"}},
	{"verification.storeIdentifier", "verification: {storeIdentifier: hashed}", func(o *ostiary.Options) any { return o.Verification.HashIdentifiers }, true},
	{"verification.storeInDatabase", "verification: {storeInDatabase: true}", func(o *ostiary.Options) any { return o.Verification.StoreInDatabase }, true},
	{"verification.disableCleanup", "verification: {disableCleanup: true}", func(o *ostiary.Options) any { return o.Verification.DisableCleanup }, true},

	{"rateLimit", "rateLimit: {}", func(o *ostiary.Options) any { return *o.RateLimit.Enabled }, true},
	{"rateLimit.enabled", "rateLimit: {enabled: false}", func(o *ostiary.Options) any { return *o.RateLimit.Enabled }, false},
	{"rateLimit.window", "rateLimit: {window: 60}", func(o *ostiary.Options) any { return o.RateLimit.Window }, time.Minute},
	{"rateLimit.max", "rateLimit: {max: 7}", func(o *ostiary.Options) any { return o.RateLimit.Max }, 7},
	{"rateLimit.storage", "rateLimit: {storage: database}", func(o *ostiary.Options) any { return o.RateLimit.Storage }, core.RateLimitInDatabase},
	{"rateLimit.modelName", "rateLimit: {modelName: limits}", func(o *ostiary.Options) any { return o.RateLimit.Table }, "limits"},
	{"rateLimit.fields", "rateLimit: {fields: {key: k}}", func(o *ostiary.Options) any { return o.RateLimit.Columns }, map[string]string{"key": "k"}},
	{"rateLimit.customRules", "rateLimit: {customRules: {}}", func(o *ostiary.Options) any { return len(o.RateLimit.Rules) }, 0},
	{"rateLimit.customRules.*", "rateLimit: {customRules: {/ok: false}}", func(o *ostiary.Options) any { return o.RateLimit.Rules[0].Unlimited }, true},
	{"rateLimit.customRules.*.window", "rateLimit: {customRules: {/a: {window: 60, max: 2}}}", func(o *ostiary.Options) any { return o.RateLimit.Rules[0].Window }, time.Minute},
	{"rateLimit.customRules.*.max", "rateLimit: {customRules: {/b: false, /a: {window: 60, max: 2}}}", func(o *ostiary.Options) any { return o.RateLimit.Rules[1].Max }, 2},

	{"advanced", "advanced: {}", func(o *ostiary.Options) any { return o.Cookies.Prefix }, ""},
	{"advanced.useSecureCookies", "advanced: {useSecureCookies: true}", func(o *ostiary.Options) any { return *o.Cookies.Secure }, true},
	{"advanced.cookiePrefix", "advanced: {cookiePrefix: acme}", func(o *ostiary.Options) any { return o.Cookies.Prefix }, "acme"},
	{"advanced.cookies", "advanced: {cookies: {}}", func(o *ostiary.Options) any { return len(o.Cookies.Overrides) }, 0},
	{"advanced.cookies.*", "advanced: {cookies: {state: {}}}", func(o *ostiary.Options) any { return len(o.Cookies.Overrides) }, 1},
	{"advanced.cookies.*.name", "advanced: {cookies: {state: {name: s}}}", func(o *ostiary.Options) any { return o.Cookies.Overrides["state"].Name }, "s"},
	{"advanced.cookies.*.attributes", "advanced: {cookies: {state: {attributes: {path: /x}}}}", func(o *ostiary.Options) any { return o.Cookies.Overrides["state"].Attributes.Path }, "/x"},
	{"advanced.crossSubDomainCookies", "advanced: {crossSubDomainCookies: {}}", func(o *ostiary.Options) any { return o.Cookies.CrossSubDomain.Enabled }, false},
	{"advanced.crossSubDomainCookies.enabled", "advanced: {crossSubDomainCookies: {enabled: true}}", func(o *ostiary.Options) any { return o.Cookies.CrossSubDomain.Enabled }, true},
	{"advanced.crossSubDomainCookies.domain", "advanced: {crossSubDomainCookies: {domain: a.example}}", func(o *ostiary.Options) any { return o.Cookies.CrossSubDomain.Domain }, "a.example"},
	{"advanced.defaultCookieAttributes", "advanced: {defaultCookieAttributes: {}}", func(o *ostiary.Options) any { return o.Cookies.Defaults.Path }, ""},
	{"advanced.disableCSRFCheck", "advanced: {disableCSRFCheck: true}", func(o *ostiary.Options) any { return o.Advanced.DisableCSRFCheck }, true},
	{"advanced.disableOriginCheck", "advanced: {disableOriginCheck: true}", func(o *ostiary.Options) any { return o.Advanced.DisableOriginCheck }, true},
	{"advanced.ipAddress", "advanced: {ipAddress: {}}", func(o *ostiary.Options) any { return o.ClientIP.Disabled }, false},
	{"advanced.ipAddress.ipAddressHeaders", "advanced: {ipAddress: {ipAddressHeaders: [x-real-ip]}}", func(o *ostiary.Options) any { return o.ClientIP.Headers }, []string{"x-real-ip"}},
	{"advanced.ipAddress.trustedProxies", "advanced: {ipAddress: {trustedProxies: [10.0.0.0/8]}}", func(o *ostiary.Options) any { return o.ClientIP.TrustedProxies }, []string{"10.0.0.0/8"}},
	{"advanced.ipAddress.ipv6Subnet", "advanced: {ipAddress: {ipv6Subnet: 56}}", func(o *ostiary.Options) any { return o.ClientIP.IPv6Subnet }, 56},
	{"advanced.ipAddress.disableIpTracking", "advanced: {ipAddress: {disableIpTracking: true}}", func(o *ostiary.Options) any { return o.ClientIP.Disabled }, true},
	{"advanced.trustedProxyHeaders", "advanced: {trustedProxyHeaders: true}", func(o *ostiary.Options) any { return o.Advanced.TrustedProxyHeaders }, true},
	{"advanced.privateNetworks", "advanced: {privateNetworks: [10.0.0.0/8]}", func(o *ostiary.Options) any { return o.Advanced.PrivateNetworks }, []string{"10.0.0.0/8"}},
	{"advanced.skipTrailingSlashes", "advanced: {skipTrailingSlashes: true}", func(o *ostiary.Options) any { return o.Advanced.SkipTrailingSlashes }, true},
	{"advanced.database", "advanced: {database: {}}", func(o *ostiary.Options) any { return o.IDs }, schema.TextIDs},
	{"advanced.database.generateId", "advanced: {database: {generateId: uuid}}", func(o *ostiary.Options) any { return o.IDs }, schema.UUIDs},
	{"advanced.database.modelIds", "advanced: {database: {modelIds: {}}}", func(o *ostiary.Options) any { return len(o.ModelIDs) }, 0},
	{
		"advanced.database.modelIds.*", "advanced: {database: {generateId: uuid, modelIds: {user: serial, session: random, account: uuid, verification: false}}}",
		func(o *ostiary.Options) any { return o.ModelIDs },
		map[string]schema.IDStrategy{"user": schema.SerialIDs, "session": schema.TextIDs, "account": schema.UUIDs, "verification": schema.DatabaseIDs},
	},
	{"onAPIError", "onAPIError: {}", func(o *ostiary.Options) any { return o.Advanced.ErrorURL }, ""},
	{"onAPIError.errorURL", "onAPIError: {errorURL: /oops}", func(o *ostiary.Options) any { return o.Advanced.ErrorURL }, "/oops"},

	{"server.development", "server: {development: true}", func(o *ostiary.Options) any { return o.Development }, true},
	{"server.acceptPreviousSecrets", "server: {acceptPreviousSecrets: true}", func(o *ostiary.Options) any { return o.AcceptPreviousSecrets }, true},
	{"server.maxBodyBytes", "server: {maxBodyBytes: 2048}", func(o *ostiary.Options) any { return o.Advanced.MaxBodyBytes }, int64(2048)},
}

func TestEveryKeyBecomesItsOption(t *testing.T) {
	t.Parallel()
	for _, m := range mapped {
		t.Run(m.key, func(t *testing.T) {
			t.Parallel()
			c := parse(t, m.text)
			o, _ := translate(&c)
			if diff := cmp.Diff(m.want, m.got(&o)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoKeyIsForgotten(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for _, m := range mapped {
		tested[m.key] = true
	}
	for _, key := range Keys() {
		switch root, _, _ := strings.Cut(key, "."); {
		case root == "server", root == "mail", root == "database", root == "secondaryStorage": // of the server itself; tested where they are used
		case root == "socialProviders", root == "plugins": // tested below, in social_test.go, genericoauth_test.go and plugins_test.go
		case strings.Contains(key, ".additionalFields"), strings.Contains(key, "Attributes."), strings.Contains(key, ".attributes."): // tested below
		case !tested[key]:
			t.Errorf("%s: no test says what becomes of it", key)
		}
	}
}

func TestCookieAttributesBecomeOptions(t *testing.T) {
	t.Parallel()
	c := parse(t, `
advanced:
  defaultCookieAttributes: {maxAge: 60, domain: a.example, path: /x, httpOnly: false, secure: true, sameSite: Strict, partitioned: true}
`)
	o, _ := translate(&c)
	want := core.CookieAttributes{
		MaxAge: new(int64(60)), Domain: "a.example", Path: "/x", HTTPOnly: new(false), Secure: new(true), SameSite: "strict", Partitioned: new(true),
	}
	if diff := cmp.Diff(want, o.Cookies.Defaults); diff != "" {
		t.Error(diff)
	}
}

func TestAdditionalFieldsBecomeFieldsInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	const fields = `: {additionalFields: {
  zip: {type: string, fieldName: postcode, index: true, sortable: true},
  role: {type: [user, admin], required: false, defaultValue: user, input: false, returned: false, unique: true},
  team: {type: string, references: {model: team, field: key, onDelete: set null}},
  score: {type: number, bigint: true, defaultValue: 3},
  beta: {type: boolean, defaultValue: false}, born: {type: date}, extra: {type: json}, tags: {type: "string[]"}, scores: {type: "number[]"},
  plain: {}}}`
	want := []schema.Field{
		{Name: "zip", Type: schema.String, Column: "postcode", Index: true, Sortable: true},
		{Name: "role", Type: schema.String, Values: []string{"user", "admin"}, Optional: true, NoInput: true, Hidden: true, Unique: true, Default: "user"},
		{Name: "team", Type: schema.String, References: &schema.Reference{Model: "team", Field: "key", OnDelete: schema.SetNull}},
		{Name: "score", Type: schema.Number, BigInt: true, Default: int64(3)},
		{Name: "beta", Type: schema.Boolean, Default: false},
		{Name: "born", Type: schema.Date},
		{Name: "extra", Type: schema.JSON},
		{Name: "tags", Type: schema.StringArray},
		{Name: "scores", Type: schema.NumberArray},
		{Name: "plain", Type: schema.String},
	}
	c := parse(t, "user"+fields+"\nsession"+fields+"\naccount"+fields+"\nverification"+fields)
	o, problems := translate(&c)
	if len(problems) > 2 { // base URL and secret
		t.Error(problems)
	}
	for _, got := range [][]schema.Field{o.User.Fields, o.Session.Fields, o.Account.Fields, o.Verification.Fields} {
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(schema.Field{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDefaultsAreSaferThanThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	var c Config
	o, _ := translate(&c)
	if !o.EmailAndPassword.RevokeSessionsOnPasswordReset {
		t.Error("a reset of the password leaves sessions")
	}
	if o.RateLimit.Enabled == nil || !*o.RateLimit.Enabled {
		t.Error("rate limits are not on")
	}
	if o.EmailAndPassword.SendResetPassword == nil || o.EmailAndPassword.OnPasswordReset == nil || o.EmailAndPassword.OnExistingUserSignUp == nil ||
		o.EmailVerification.Send == nil || o.User.ChangeEmail.SendConfirmation == nil || o.User.DeleteUser.SendVerification == nil {
		t.Error("a mail is not sent")
	}
}

func TestWhatIsNotSafeOrCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	const good = "baseURL: https://a.example\n"
	const strong = "secret: 3d6d2fa54eb1f5b0a1b3a6ac7db62d8e4f1f6f0f4f8f0a94f3c77c1f6f7a9d21\n"
	for _, c := range []struct{ name, text, want string }{
		{"no address", strong, "baseURL: not set"},
		{"no secret", good, "secret: not set"},
		{"the published secret", good + "secret: better-auth-secret-12345678901234567890", "published default"},
		{"a short secret", good + "secret: hunter2", "has 7 characters"},
		{"a monotonous secret", good + "secret: " + strings.Repeat("ab", 30), "bits of entropy"},
		{"a weak version", good + "secrets: [{version: 1, value: hunter2}]", "has 7 characters"},
		{"a default of another type", good + strong + "user: {additionalFields: {a: {type: number, defaultValue: x}}}", "user.additionalFields.a: defaultValue does not fit the type number"},
		{"a default that is not allowed", good + strong + "user: {additionalFields: {a: {type: [b, c], defaultValue: x}}}", "does not fit"},
		{"verification that is off but required", good + strong + "emailAndPassword: {requireEmailVerification: true}\nemailVerification: {sendVerificationEmail: false}", "needs it"},
		{"mails on sign-in that are off", good + strong + "emailVerification: {sendOnSignIn: true, sendVerificationEmail: false}", "no verification mails"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := parse(t, c.text)
			_, problems := translate(&config)
			if len(problems) == 0 || !strings.Contains(problems[0].Error(), c.want) {
				t.Errorf("got %v, want %q", problems, c.want)
			}
			for _, p := range problems {
				if strings.Contains(p.Error(), "hunter2") {
					t.Error("the problem repeats the secret")
				}
			}
		})
	}
	weak := parse(t, good+"secret: hunter2\nserver: {allowWeakSecret: true}")
	if _, problems := translate(&weak); len(problems) > 0 {
		t.Errorf("allowWeakSecret: %v", problems)
	}
}

func TestSwitchesOfMailsNeedAMailServer(t *testing.T) {
	t.Parallel()
	c := parse(t, `
server: {development: true}
emailAndPassword: {requireEmailVerification: true, sendResetPassword: true, onPasswordReset: true, onExistingUserSignUp: true}
emailVerification: {sendVerificationEmail: true}
user: {changeEmail: {sendChangeEmailConfirmation: true}, deleteUser: {sendDeleteAccountVerification: true}}
`)
	tr := translation{Config: &c, log: slog.New(slog.DiscardHandler)}
	tr.options()
	if len(tr.problems) != 7 {
		t.Errorf("%d problems: %v", len(tr.problems), tr.problems)
	}
}
