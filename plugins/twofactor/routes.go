package twofactor

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

const pathPrefix = "/two-factor/"

// Enable begins to use a second factor. With an authenticator app it is in force
// when a first code has been verified, unless the options say otherwise.
var Enable = route.New[EnableInput, EnableOutput]("POST", "/two-factor/enable", route.Spec{
	Name: "enableTwoFactor", Summary: "Begin to use a second factor", Tags: tags,
	Errors: []route.Failure{unauthorized, failure(http.StatusBadRequest, api.InvalidPassword), failure(http.StatusBadRequest, OTPNotConfigured), failure(http.StatusBadRequest, TOTPNotConfigured), failure(http.StatusBadRequest, TOTPAlreadyEnabled)},
})

// EnableInput is the input of [Enable].
type EnableInput struct {
	Password *string `json:"password,omitempty"`
	Method   string  `json:"method,omitempty"` // "totp", the default, or "otp"
	Issuer   string  `json:"issuer,omitempty"` // the name in the authenticator app
}

// Check refuses unknown methods.
func (in EnableInput) Check() []route.Issue {
	switch in.Method {
	case "", methodTOTP, methodOTP:
		return nil
	}
	return []route.Issue{{Path: "body.method", Text: `Invalid option: expected one of "totp"|"otp"`}}
}

// EnableOutput is the output of [Enable].
type EnableOutput struct {
	Method string `json:"method"`
	// TOTPURI is for the authenticator app, as a QR code.
	TOTPURI string `json:"totpURI,omitempty"`
	// BackupCodes are shown this once.
	BackupCodes []string `json:"backupCodes,omitempty"`
}

// Disable ends the use of a second factor.
var Disable = route.New[PasswordInput, api.Status]("POST", "/two-factor/disable", route.Spec{
	Name: "disableTwoFactor", Summary: "End the use of a second factor", Tags: tags,
	Errors: []route.Failure{unauthorized, failure(http.StatusBadRequest, api.InvalidPassword)},
})

// PasswordInput is a password that confirms something.
type PasswordInput struct {
	Password *string `json:"password,omitempty"`
}

// GetTOTPURI shows the URI for the authenticator app again.
var GetTOTPURI = route.New[PasswordInput, TOTPURIOutput]("POST", "/two-factor/get-totp-uri", route.Spec{
	Name: "getTOTPURI", Summary: "Show the URI for the authenticator app", Tags: tags,
	Errors: []route.Failure{unauthorized, failure(http.StatusBadRequest, api.InvalidPassword), failure(http.StatusBadRequest, totpNotConfigured), failure(http.StatusBadRequest, TOTPNotEnabled)},
})

// TOTPURIOutput is the output of [GetTOTPURI].
type TOTPURIOutput struct {
	TOTPURI string `json:"totpURI"`
}

// GenerateBackupCodes replaces all backup codes.
var GenerateBackupCodes = route.New[PasswordInput, BackupCodesOutput]("POST", "/two-factor/generate-backup-codes", route.Spec{
	Name: "generateBackupCodes", Summary: "Replace one's backup codes", Tags: tags,
	Errors: []route.Failure{unauthorized, failure(http.StatusBadRequest, api.InvalidPassword), failure(http.StatusBadRequest, TwoFactorNotEnabled)},
})

// BackupCodesOutput is a list of backup codes.
type BackupCodesOutput struct {
	Status      bool     `json:"status"`
	BackupCodes []string `json:"backupCodes"`
}

// VerifyTOTP verifies a code of an authenticator app: to complete a sign-in, or
// to finish [Enable].
var VerifyTOTP = route.New[VerifyInput, VerifyOutput]("POST", "/two-factor/verify-totp", route.Spec{
	Name: "verifyTOTP", Summary: "Verify a code of an authenticator app", Tags: tags,
	Errors: append([]route.Failure{failure(http.StatusBadRequest, totpNotConfigured), failure(http.StatusBadRequest, TOTPNotEnabled)}, guesses...),
})

// VerifyInput is a code with the wish to trust the device.
type VerifyInput struct {
	Code        string `json:"code"`
	TrustDevice bool   `json:"trustDevice,omitempty"`
}

// VerifyOutput is the session that a code has begun, or confirmed.
type VerifyOutput struct {
	Token string   `json:"token"`
	User  api.User `json:"user"`
}

// SendOTP sends a code to the user.
var SendOTP = route.New[SendOTPInput, api.Status]("POST", "/two-factor/send-otp", route.Spec{
	Name: "sendTwoFactorOTP", Summary: "Have a code sent", Tags: tags,
	Errors: []route.Failure{failure(http.StatusBadRequest, otpNotConfigured), failure(http.StatusUnauthorized, InvalidTwoFactorCookie), failure(http.StatusTooManyRequests, TooManyCodesSent)},
})

// SendOTPInput is the input of [SendOTP].
type SendOTPInput struct {
	_           route.OptionalBody
	TrustDevice bool `json:"trustDevice,omitempty"` // has no effect
}

// VerifyOTP verifies a code that was sent: to complete a sign-in, or to turn the
// second factor on.
var VerifyOTP = route.New[VerifyInput, VerifyOutput]("POST", "/two-factor/verify-otp", route.Spec{
	Name: "verifyTwoFactorOTP", Summary: "Verify a code that was sent", Tags: tags,
	Errors: append([]route.Failure{failure(http.StatusBadRequest, OTPHasExpired)}, guesses...),
})

// VerifyBackupCode uses up a backup code.
var VerifyBackupCode = route.New[VerifyBackupCodeInput, VerifyBackupCodeOutput]("POST", "/two-factor/verify-backup-code", route.Spec{
	Name: "verifyBackupCode", Summary: "Use a backup code", Tags: tags,
	Errors: append([]route.Failure{failure(http.StatusBadRequest, BackupCodesNotEnabled), failure(http.StatusUnauthorized, InvalidBackupCode)}, guesses...),
})

// VerifyBackupCodeInput is the input of [VerifyBackupCode].
type VerifyBackupCodeInput struct {
	Code           string `json:"code"`
	DisableSession bool   `json:"disableSession,omitempty"` // begin no session
	TrustDevice    bool   `json:"trustDevice,omitempty"`
}

// VerifyBackupCodeOutput is the output of [VerifyBackupCode]. Token is missing
// where no session was begun.
type VerifyBackupCodeOutput struct {
	Token string   `json:"token,omitempty"`
	User  api.User `json:"user"`
}

// GenerateTOTP computes the current code of a secret. It is for in-process calls
// only.
var GenerateTOTP = route.New[GenerateTOTPInput, GenerateTOTPOutput]("POST", "", route.Spec{
	Name: "generateTOTP", Summary: "Compute the current code of a secret", Tags: tags,
	Errors: []route.Failure{failure(http.StatusBadRequest, totpNotConfigured)},
})

// GenerateTOTPInput is the input of [GenerateTOTP].
type GenerateTOTPInput struct {
	Secret string `json:"secret"` // as it is before encryption
}

// GenerateTOTPOutput is the output of [GenerateTOTP].
type GenerateTOTPOutput struct {
	Code string `json:"code"`
}

// ViewBackupCodes shows the unused backup codes of a user. It is for in-process
// calls only, and checks nobody's right to see them.
var ViewBackupCodes = route.New[ViewBackupCodesInput, BackupCodesOutput]("POST", "", route.Spec{
	Name: "viewBackupCodes", Summary: "Show the unused backup codes of a user", Tags: tags,
	Errors: []route.Failure{failure(http.StatusBadRequest, BackupCodesNotEnabled), failure(http.StatusBadRequest, InvalidBackupCode)},
})

// ViewBackupCodesInput is the input of [ViewBackupCodes].
type ViewBackupCodesInput struct {
	UserID string `json:"userId"`
}

// ChallengeOutput takes the place of the output of a sign-in that needs a second
// factor.
type ChallengeOutput struct {
	TwoFactorRedirect bool     `json:"twoFactorRedirect"`
	TwoFactorMethods  []string `json:"twoFactorMethods"`
}

var (
	tags         = []string{"Two-factor"}
	unauthorized = failure(http.StatusUnauthorized, api.Unauthorized)
	guesses      = []route.Failure{
		failure(http.StatusUnauthorized, InvalidCode), failure(http.StatusUnauthorized, InvalidTwoFactorCookie),
		failure(http.StatusBadRequest, TooManyAttempts), failure(http.StatusTooManyRequests, AccountTemporarilyLocked),
	}
)

func failure(status int, c api.Code) route.Failure {
	return route.Failure{Status: status, Code: c.Code, Message: c.Message}
}
