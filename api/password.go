package api

import "github.com/ostiary/ostiary/route"

// SignUpEmail creates a user with a password and, unless the options say
// otherwise, signs it in.
var SignUpEmail = route.New[SignUpEmailInput, SignUpEmailOutput]("POST", "/sign-up/email", route.Spec{
	Name: "signUpEmail", Summary: "Sign up with e-mail and password", Tags: []string{"Email and password"}, Forms: true,
	Errors: []route.Failure{failure(400, EmailPasswordSignUpDisabled), failure(400, PasswordTooShort), failure(400, PasswordTooLong), failure(422, UserAlreadyExistsUseAnother), failure(422, FailedToCreateUser)},
})

// SignUpEmailInput is the input of [SignUpEmail].
type SignUpEmailInput struct {
	Name        string  `json:"name"`
	Email       string  `json:"email" validate:"email"`
	Password    string  `json:"password" validate:"nonempty"`
	Image       *string `json:"image,omitempty"`
	CallbackURL string  `json:"callbackURL,omitempty"` // where the verification link leads
	RememberMe  *bool   `json:"rememberMe,omitempty"`  // nil means true
	// Extra are additional fields of the user by name.
	Extra map[string]any `json:"*"`
}

// SignUpEmailOutput is the output of [SignUpEmail].
type SignUpEmailOutput struct {
	Token *string `json:"token"` // of the new session; nil when none was made
	User  User    `json:"user"`
}

// SignInEmail signs a user in by password.
var SignInEmail = route.New[SignInEmailInput, SignInEmailOutput]("POST", "/sign-in/email", route.Spec{
	Name: "signInEmail", Summary: "Sign in with e-mail and password", Tags: []string{"Email and password"}, Forms: true,
	Errors: []route.Failure{failure(400, EmailPasswordDisabled), failure(400, InvalidEmail), failure(401, InvalidEmailOrPassword), failure(403, EmailNotVerified)},
})

// SignInEmailInput is the input of [SignInEmail].
type SignInEmailInput struct {
	Email       string `json:"email"`
	Password    string `json:"password"`
	CallbackURL string `json:"callbackURL,omitempty"` // where the client should go next
	RememberMe  *bool  `json:"rememberMe,omitempty"`  // nil means true
}

// SignInEmailOutput is the output of [SignInEmail].
type SignInEmailOutput struct {
	Redirect bool   `json:"redirect"`
	Token    string `json:"token"`
	URL      string `json:"url,omitempty"`
	User     User   `json:"user"`
}

// RequestPasswordReset mails a link for setting a new password. It answers
// alike whether or not the address is known.
var RequestPasswordReset = route.New[RequestPasswordResetInput, StatusMessage]("POST", "/request-password-reset", route.Spec{
	Name: "requestPasswordReset", Summary: "Ask for a password reset by e-mail", Tags: []string{"Email and password"},
	Errors: []route.Failure{failure(400, ResetPasswordDisabled), failure(403, InvalidRedirectURL)},
})

// RequestPasswordResetInput is the input of [RequestPasswordReset].
type RequestPasswordResetInput struct {
	Email      string `json:"email" validate:"email"`
	RedirectTo string `json:"redirectTo,omitempty"` // where the link leads, with the token
}

// ResetPasswordCallback is where the mailed link leads: it redirects to the
// page that asks for the new password.
var ResetPasswordCallback = route.New[ResetPasswordCallbackInput, NoOutput]("GET", "/reset-password/:token", route.Spec{
	Name: "requestPasswordResetCallback", Summary: "Follow a password reset link", Tags: []string{"Email and password"},
	Errors: []route.Failure{failure(403, InvalidCallbackURL)},
})

// ResetPasswordCallbackInput is the input of [ResetPasswordCallback].
type ResetPasswordCallbackInput struct {
	Token       string `path:"token"`
	CallbackURL string `query:"callbackURL"`
}

// ResetPassword sets a new password with a mailed token.
var ResetPassword = route.New[ResetPasswordInput, Status]("POST", "/reset-password", route.Spec{
	Name: "resetPassword", Summary: "Set a new password with a mailed token", Tags: []string{"Email and password"},
	Errors: []route.Failure{failure(400, InvalidToken), failure(400, PasswordTooShort), failure(400, PasswordTooLong), failure(400, UserNotFound)},
})

// ResetPasswordInput is the input of [ResetPassword]. The token may be given in
// either place; the body counts first.
type ResetPasswordInput struct {
	NewPassword string `json:"newPassword"`
	Token       string `json:"token,omitempty"`
	QueryToken  string `query:"token,optional"`
}

// ChangePassword replaces the password of the signed-in user.
var ChangePassword = route.New[ChangePasswordInput, ChangePasswordOutput]("POST", "/change-password", route.Spec{
	Name: "changePassword", Summary: "Change one's password", Tags: []string{"Email and password"},
	Errors: []route.Failure{failure(400, InvalidPassword), failure(400, PasswordTooShort), failure(400, PasswordTooLong), failure(400, CredentialAccountNotFound), failure(401, Unauthorized)},
})

// ChangePasswordInput is the input of [ChangePassword].
type ChangePasswordInput struct {
	NewPassword         string `json:"newPassword"`
	CurrentPassword     string `json:"currentPassword"`
	RevokeOtherSessions bool   `json:"revokeOtherSessions,omitempty"`
}

// ChangePasswordOutput is the output of [ChangePassword].
type ChangePasswordOutput struct {
	Token *string `json:"token"` // of the replacement session; nil when sessions were kept
	User  User    `json:"user"`
}

// SetPassword gives a first password to a user who has none. It exists for
// in-process calls only.
var SetPassword = route.New[SetPasswordInput, Status]("POST", "", route.Spec{
	Name: "setPassword", Summary: "Give a user without password a first one", Tags: []string{"Email and password"},
	Errors: []route.Failure{failure(400, PasswordAlreadySet), failure(400, PasswordTooShort), failure(400, PasswordTooLong)},
})

// SetPasswordInput is the input of [SetPassword].
type SetPasswordInput struct {
	NewPassword string `json:"newPassword"`
}

// VerifyPassword checks the password of the signed-in user.
var VerifyPassword = route.New[VerifyPasswordInput, Status]("POST", "/verify-password", route.Spec{
	Name: "verifyPassword", Summary: "Check one's password", Tags: []string{"Email and password"},
	Errors: []route.Failure{failure(400, InvalidPassword), failure(401, Unauthorized)},
})

// VerifyPasswordInput is the input of [VerifyPassword].
type VerifyPasswordInput struct {
	Password string `json:"password"`
}
