package username

import (
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

// SignIn signs a user in by username and password.
var SignIn = route.New[SignInInput, api.SignInEmailOutput]("POST", "/sign-in/username", route.Spec{
	Name: "signInUsername", Summary: "Sign in with username and password", Tags: tags,
	Errors: []route.Failure{
		failure(401, InvalidUsernameOrPassword), failure(403, EmailNotVerified),
		failure(422, TooShort), failure(422, TooLong), failure(422, Invalid), failure(400, api.PasswordTooLong),
	},
})

// SignInInput is the input of [SignIn].
type SignInInput struct {
	Username    string `json:"username"`
	Password    string `json:"password"`
	RememberMe  *bool  `json:"rememberMe,omitempty"`  // nil means true
	CallbackURL string `json:"callbackURL,omitempty"` // where the client should go next
}

// IsAvailable tells whether nobody has a username yet. Anybody may ask.
var IsAvailable = route.New[IsAvailableInput, IsAvailableOutput]("POST", "/is-username-available", route.Spec{
	Name: "isUsernameAvailable", Summary: "Check that a username is free", Tags: tags,
	Errors: []route.Failure{failure(422, TooShort), failure(422, TooLong), failure(422, Invalid)},
})

// IsAvailableInput is the input of [IsAvailable].
type IsAvailableInput struct {
	Username string `json:"username"`
}

// IsAvailableOutput is the output of [IsAvailable].
type IsAvailableOutput struct {
	Available bool `json:"available"`
}

// The error codes of the plugin.
var (
	InvalidUsernameOrPassword = api.Code{Code: "INVALID_USERNAME_OR_PASSWORD", Message: "Invalid username or password"}
	EmailNotVerified          = api.Code{Code: "EMAIL_NOT_VERIFIED", Message: "Email not verified"}
	UnexpectedError           = api.Code{Code: "UNEXPECTED_ERROR", Message: "Unexpected error"}
	AlreadyTaken              = api.Code{Code: "USERNAME_IS_ALREADY_TAKEN", Message: "Username is already taken. Please try another."}
	TooShort                  = api.Code{Code: "USERNAME_TOO_SHORT", Message: "Username is too short"}
	TooLong                   = api.Code{Code: "USERNAME_TOO_LONG", Message: "Username is too long"}
	Invalid                   = api.Code{Code: "INVALID_USERNAME", Message: "Username is invalid"}
	InvalidDisplay            = api.Code{Code: "INVALID_DISPLAY_USERNAME", Message: "Display username is invalid"}
	Immutable                 = api.Code{Code: "USERNAME_IS_IMMUTABLE", Message: "Username cannot be updated"}
)

var tags = []string{"Username"}

func failure(status int, c api.Code) route.Failure {
	return route.Failure{Status: status, Code: c.Code, Message: c.Message}
}
