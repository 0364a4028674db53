package api

// Code is an error that clients can tell by its code. Codes and messages are
// those of Better Auth 1.7.
type Code struct{ Code, Message string }

// The error codes of the core.
var (
	UserNotFound                    = Code{"USER_NOT_FOUND", "User not found"}
	FailedToCreateUser              = Code{"FAILED_TO_CREATE_USER", "Failed to create user"}
	FailedToCreateSession           = Code{"FAILED_TO_CREATE_SESSION", "Failed to create session"}
	FailedToUpdateUser              = Code{"FAILED_TO_UPDATE_USER", "Failed to update user"}
	FailedToGetSession              = Code{"FAILED_TO_GET_SESSION", "Failed to get session"}
	InvalidPassword                 = Code{"INVALID_PASSWORD", "Invalid password"}
	InvalidEmail                    = Code{"INVALID_EMAIL", "Invalid email"}
	InvalidEmailOrPassword          = Code{"INVALID_EMAIL_OR_PASSWORD", "Invalid email or password"}
	InvalidUser                     = Code{"INVALID_USER", "Invalid user"}
	SocialAccountAlreadyLinked      = Code{"SOCIAL_ACCOUNT_ALREADY_LINKED", "Social account already linked"}
	ProviderNotFound                = Code{"PROVIDER_NOT_FOUND", "Provider not found"}
	InvalidToken                    = Code{"INVALID_TOKEN", "Invalid token"}
	TokenExpired                    = Code{"TOKEN_EXPIRED", "Token expired"}
	IDTokenNotSupported             = Code{"ID_TOKEN_NOT_SUPPORTED", "id_token not supported"}
	FailedToGetUserInfo             = Code{"FAILED_TO_GET_USER_INFO", "Failed to get user info"}
	UserEmailNotFound               = Code{"USER_EMAIL_NOT_FOUND", "User email not found"}
	EmailNotVerified                = Code{"EMAIL_NOT_VERIFIED", "Email not verified"}
	PasswordTooShort                = Code{"PASSWORD_TOO_SHORT", "Password too short"}
	PasswordTooLong                 = Code{"PASSWORD_TOO_LONG", "Password too long"}
	UserAlreadyExists               = Code{"USER_ALREADY_EXISTS", "User already exists."}
	UserAlreadyExistsUseAnother     = Code{"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email."}
	EmailCannotBeUpdated            = Code{"EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated"}
	ChangeEmailDisabled             = Code{"CHANGE_EMAIL_DISABLED", "Change email is disabled"}
	CredentialAccountNotFound       = Code{"CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found"}
	SessionExpired                  = Code{"SESSION_EXPIRED", "Session expired. Re-authenticate to perform this action."}
	FailedToUnlinkLastAccount       = Code{"FAILED_TO_UNLINK_LAST_ACCOUNT", "You can't unlink your last account"}
	AccountNotFound                 = Code{"ACCOUNT_NOT_FOUND", "Account not found"}
	UserAlreadyHasPassword          = Code{"USER_ALREADY_HAS_PASSWORD", "User already has a password. Provide that to delete the account."}
	CrossSiteNavigationLoginBlocked = Code{"CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", "Cross-site navigation login blocked. This request appears to be a CSRF attack."}
	VerificationEmailNotEnabled     = Code{"VERIFICATION_EMAIL_NOT_ENABLED", "Verification email isn't enabled"}
	EmailAlreadyVerified            = Code{"EMAIL_ALREADY_VERIFIED", "Email is already verified"}
	EmailMismatch                   = Code{"EMAIL_MISMATCH", "Email mismatch"}
	SessionNotFresh                 = Code{"SESSION_NOT_FRESH", "Session is not fresh"}
	LinkedAccountAlreadyExists      = Code{"LINKED_ACCOUNT_ALREADY_EXISTS", "Linked account already exists"}
	InvalidOrigin                   = Code{"INVALID_ORIGIN", "Invalid origin"}
	InvalidCallbackURL              = Code{"INVALID_CALLBACK_URL", "Invalid callbackURL"}
	InvalidRedirectURL              = Code{"INVALID_REDIRECT_URL", "Invalid redirectURL"}
	InvalidErrorCallbackURL         = Code{"INVALID_ERROR_CALLBACK_URL", "Invalid errorCallbackURL"}
	InvalidNewUserCallbackURL       = Code{"INVALID_NEW_USER_CALLBACK_URL", "Invalid newUserCallbackURL"}
	MissingOrNullOrigin             = Code{"MISSING_OR_NULL_ORIGIN", "Missing or null Origin"}
	CallbackURLRequired             = Code{"CALLBACK_URL_REQUIRED", "callbackURL is required"}
	FailedToCreateVerification      = Code{"FAILED_TO_CREATE_VERIFICATION", "Unable to create verification"}
	FieldNotAllowed                 = Code{"FIELD_NOT_ALLOWED", "Field not allowed to be set"}
	ValidationError                 = Code{"VALIDATION_ERROR", "Validation Error"}
	MissingField                    = Code{"MISSING_FIELD", "Field is required"}
	MethodNotAllowedDeferRequired   = Code{"METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED", "POST method requires deferSessionRefresh to be enabled in session config"}
	BodyMustBeAnObject              = Code{"BODY_MUST_BE_AN_OBJECT", "Body must be an object"}
	PasswordAlreadySet              = Code{"PASSWORD_ALREADY_SET", "User already has a password set"}

	Unauthorized                = Code{"UNAUTHORIZED", "Unauthorized"}
	NotFound                    = Code{"NOT_FOUND", "Not found"}
	EmailPasswordDisabled       = Code{"EMAIL_PASSWORD_DISABLED", "Email and password is not enabled"}
	EmailPasswordSignUpDisabled = Code{"EMAIL_PASSWORD_SIGN_UP_DISABLED", "Email and password sign up is not enabled"}
	ResetPasswordDisabled       = Code{"RESET_PASSWORD_DISABLED", "Reset password isn't enabled"}
	InvalidJSON                 = Code{"BAD_REQUEST", "Invalid JSON in request body"}
	PayloadTooLarge             = Code{"PAYLOAD_TOO_LARGE", "Request body is too large"}
	MisdirectedRequest          = Code{"MISDIRECTED_REQUEST", "This server does not answer for the host of the request"}
	ServiceUnavailable          = Code{"SERVICE_UNAVAILABLE", "Service unavailable. Please try again later."}
	InternalServerError         = Code{"INTERNAL_SERVER_ERROR", "Internal Server Error"}
	UserIDOrSessionRequired     = Code{"USER_ID_OR_SESSION_REQUIRED", "Either userId or session is required"}

	// These have no code on the wire, only a message.
	NoFieldsToUpdate = Code{"", "No fields to update"}
	EmailIsTheSame   = Code{"", "Email is the same"}
	NoEmailSender    = Code{"", "Verification email isn't enabled"}
)
