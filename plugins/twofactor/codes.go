package twofactor

import "github.com/ostiary/ostiary/api"

// The error codes of the plugin. Codes and messages are those of Better Auth
// 1.7, but for [TooManyCodesSent], which it does not have.
var (
	OTPNotConfigured         = api.Code{Code: "OTP_NOT_CONFIGURED", Message: "OTP is not available"}
	OTPHasExpired            = api.Code{Code: "OTP_HAS_EXPIRED", Message: "OTP has expired"}
	TOTPNotEnabled           = api.Code{Code: "TOTP_NOT_ENABLED", Message: "TOTP not enabled"}
	TOTPAlreadyEnabled       = api.Code{Code: "TOTP_ALREADY_ENABLED", Message: "TOTP is already enabled"}
	TOTPNotConfigured        = api.Code{Code: "TOTP_NOT_CONFIGURED", Message: "TOTP is not available"}
	TwoFactorNotEnabled      = api.Code{Code: "TWO_FACTOR_NOT_ENABLED", Message: "Two factor isn't enabled"}
	BackupCodesNotEnabled    = api.Code{Code: "BACKUP_CODES_NOT_ENABLED", Message: "Backup codes aren't enabled"}
	InvalidBackupCode        = api.Code{Code: "INVALID_BACKUP_CODE", Message: "Invalid backup code"}
	InvalidCode              = api.Code{Code: "INVALID_CODE", Message: "Invalid code"}
	TooManyAttempts          = api.Code{Code: "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE", Message: "Too many attempts. Please request a new code."}
	AccountTemporarilyLocked = api.Code{Code: "ACCOUNT_TEMPORARILY_LOCKED", Message: "Too many failed verification attempts. Your account is temporarily locked. Please try again later."}
	InvalidTwoFactorCookie   = api.Code{Code: "INVALID_TWO_FACTOR_COOKIE", Message: "Invalid two factor cookie"}
	TooManyCodesSent         = api.Code{Code: "TOO_MANY_CODES_SENT", Message: "Too many codes have been sent. Please try again later."}
)

// The endpoints of one method word its absence differently than [Enable] does.
var (
	totpNotConfigured = api.Code{Code: TOTPNotConfigured.Code, Message: "totp isn't configured"}
	otpNotConfigured  = api.Code{Code: OTPNotConfigured.Code, Message: "otp isn't configured"}

	failedToCreateSession = api.Code{Code: api.FailedToCreateSession.Code, Message: "failed to create session"}
	failedToSpendCode     = api.Code{Message: "Failed to verify backup code. Please try again."}
)
