package server

// Why some options of Better Auth are not keys of a configuration file.
const (
	needsCode = "is code, which a configuration file cannot contain; embed the library to use it"
	notYet    = "is not offered by the standalone server in this version; embed the library to use it"
	alwaysSo  = "has nothing to choose here; remove it"
)

// unavailable are the options of Better Auth 1.7 that are not keys, so that who
// brings a configuration along is told more than that they are unknown.
var unavailable = map[string]string{
	"hooks":         needsCode,
	"databaseHooks": needsCode,
	"logger":        "is replaced by server.logLevel and server.logFormat",
	"telemetry":     "is not needed: nothing is ever reported to anybody",
	"experimental":  alwaysSo,

	"socialProviders.*.mapProfileToUser":      needsCode,
	"socialProviders.*.getUserInfo":           needsCode,
	"socialProviders.*.verifyIdToken":         needsCode,
	"socialProviders.*.refreshAccessToken":    needsCode,
	"plugins.genericOAuth.config.getToken":    needsCode,
	"plugins.genericOAuth.config.getUserInfo": needsCode,

	"plugins.jwt.adapter":                                           needsCode,
	"plugins.jwt.jwt.definePayload":                                 needsCode,
	"plugins.jwt.jwt.getSubject":                                    needsCode,
	"plugins.jwt.jwt.sign":                                          needsCode,
	"plugins.jwt.jwks.keyPairConfigs":                               needsCode,
	"plugins.jwt.jwks.remoteUrl":                                    needsCode,
	"plugins.magicLink.sendMagicLink":                               "is done by the mail server; set mail.smtp.host",
	"plugins.magicLink.generateToken":                               needsCode,
	"plugins.magicLink.rateLimit":                                   notYet,
	"plugins.oneTimeToken.generateToken":                            needsCode,
	"plugins.oneTimeToken.disableClientRequest":                     "would leave nobody who could make a token; remove it",
	"plugins.twoFactor.twoFactorTable":                              notYet,
	"plugins.twoFactor.schema":                                      notYet,
	"plugins.twoFactor.backupCodeOptions.customBackupCodesGenerate": needsCode,
	"plugins.username.usernameValidator":                            needsCode,
	"plugins.username.displayUsernameValidator":                     needsCode,
	"plugins.username.usernameNormalization":                        needsCode,
	"plugins.username.displayUsernameNormalization":                 needsCode,
	"plugins.username.validationOrder":                              notYet,
	"plugins.username.schema":                                       notYet,

	"emailAndPassword.password":                        needsCode,
	"emailAndPassword.customSyntheticUser":             needsCode,
	"emailVerification.beforeEmailVerification":        needsCode,
	"emailVerification.afterEmailVerification":         needsCode,
	"user.validateUserInfo":                            needsCode,
	"user.deleteUser.beforeDelete":                     needsCode,
	"user.deleteUser.afterDelete":                      needsCode,
	"session.cookieCache.refreshCache":                 "has no effect where sessions are in a store, as they always are here",
	"rateLimit.customStorage":                          needsCode,
	"advanced.backgroundTasks":                         "is not needed: mails are sent in the background already",
	"advanced.database.defaultFindManyLimit":           alwaysSo,
	"advanced.database.joins":                          alwaysSo,
	"advanced.database.validateSchema":                 alwaysSo,
	"advanced.crossSubDomainCookies.additionalCookies": notYet,
	"onAPIError.throw":                                 alwaysSo,
	"onAPIError.onError":                               needsCode,
	"onAPIError.customizeDefaultErrorPage":             notYet,
}
