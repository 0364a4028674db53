package server

import "strings"

// keyNames turns the names of the library's options, as its errors have them,
// into the keys of a configuration file.
var keyNames = strings.NewReplacer(
	"ostiary: the configuration has problems:\n", "",
	"EmailAndPassword.ResetPasswordTokenExpiresIn", "emailAndPassword.resetPasswordTokenExpiresIn",
	"EmailVerification.ExpiresIn", "emailVerification.expiresIn",
	"User.DeleteUser.TokenExpiresIn", "user.deleteUser.deleteTokenExpiresIn",
	"Session.CookieCache.MaxAge", "session.cookieCache.maxAge",
	"Session.CookieCache.Strategy", "session.cookieCache.strategy",
	"Session.ExpiresIn", "session.expiresIn",
	"Session.UpdateAge", "session.updateAge",
	"Session.FreshAge", "session.freshAge",
	"Account.StateStrategy", "account.storeStateStrategy",
	"RateLimit.Window", "rateLimit.window",
	"RateLimit.Max", "rateLimit.max",
	"RateLimit.Rules", "rateLimit.customRules",
	"RateLimit.Storage", "rateLimit.storage",
	"Advanced.MaxBodyBytes", "server.maxBodyBytes",
	"Cookies.Prefix", "advanced.cookiePrefix",
	"Cookies.CrossSubDomain: set Domain, or BaseURL,", "advanced.crossSubDomainCookies: set domain, or baseURL,",
	"ClientIP.TrustedProxies", "advanced.ipAddress.trustedProxies",
	"EmailAndPassword.MinPasswordLength", "emailAndPassword.minPasswordLength",
	"more than MaxPasswordLength", "more than maxPasswordLength",
	"Session.CookieCache.RefreshAge", "session.cookieCache.refreshCache.updateAge",
	"BaseURL.Protocol", "baseURL.protocol",
	"BaseURL.AllowedHosts", "baseURL.allowedHosts",
	"BaseURL:", "baseURL:",
	"TrustedOrigins:", "trustedOrigins:",
	"Advanced.DisabledPaths:", "disabledPaths:",
	"Secret:", "secret:",
	"twofactor.Options: TOTP.Disabled without OTP.Send leaves no method; set OTP.Send", "plugins.twoFactor.totpOptions.disable: leaves no method; set mail.smtp.host, so that codes can be mailed",
	"twofactor.Options.TOTP.Digits", "plugins.twoFactor.totpOptions.digits",
	"jwt.Options.RSABits", "plugins.jwt.jwks.keyPairConfig.modulusLength",
	"jwt.Options.GracePeriod", "plugins.jwt.jwks.gracePeriod",
	"is less than ExpiresIn; tokens", "is less than plugins.jwt.jwt.expirationTime; tokens",
	"jwt.Options.JWKSPath", "plugins.jwt.jwks.jwksPath",
	"jwt.Options.SignCookieCache: enable Session.CookieCache", "plugins.jwt.sessionCookieCache: enable session.cookieCache",
	"username.Options.MinLength", "plugins.username.minUsernameLength",
	"is not between 0 and MaxLength", "is not between 0 and maxUsernameLength",
	"schema: an id strategy is given for the unknown model", "advanced.database.modelIds: there is no model",
	"database.url: postgres: ReplicaURL: postgres:", "database.replicaURL:",
	"Database: its replica has no use with SecondaryStorage", "database.replicaURL: the replica has no use with secondaryStorage.url",
)

// inKeys is an error of the library in terms of a configuration file.
type inKeys struct{ error }

// Error describes the error.
func (e inKeys) Error() string { return keyNames.Replace(e.error.Error()) }

// Unwrap returns the library's error.
func (e inKeys) Unwrap() error { return e.error }
