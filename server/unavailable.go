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
