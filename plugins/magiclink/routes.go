package magiclink

import (
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

// SignIn mails a link that signs in. It answers alike whether or not anybody has
// the address.
var SignIn = route.New[SignInInput, api.Status]("POST", "/sign-in/magic-link", route.Spec{
	Name: "signInMagicLink", Summary: "Ask for a sign-in link by e-mail", Tags: tags,
	Errors: []route.Failure{failure(403, api.InvalidCallbackURL), failure(403, api.InvalidNewUserCallbackURL), failure(403, api.InvalidErrorCallbackURL)},
})

// SignInInput is the input of [SignIn].
type SignInInput struct {
	Email              string `json:"email" validate:"email"`
	Name               string `json:"name,omitempty"`               // of the user, if one is created
	CallbackURL        string `json:"callbackURL,omitempty"`        // where the link leads
	NewUserCallbackURL string `json:"newUserCallbackURL,omitempty"` // where it leads a new user
	ErrorCallbackURL   string `json:"errorCallbackURL,omitempty"`   // where it leads when it is of no use
	// Metadata is handed to [Options.Send].
	Metadata map[string]any `json:"metadata,omitempty"`
}

// Verify is where the mailed link leads: it signs in. A link that is of no use
// leads to the error page with the reason in the query parameter "error".
var Verify = route.New[VerifyInput, VerifyOutput]("GET", "/magic-link/verify", route.Spec{
	Name: "magicLinkVerify", Summary: "Follow a sign-in link", Tags: tags,
	Errors: []route.Failure{failure(403, api.InvalidCallbackURL)},
})

// VerifyInput is the input of [Verify].
type VerifyInput struct {
	Token              string `query:"token"`
	CallbackURL        string `query:"callbackURL,optional"`
	NewUserCallbackURL string `query:"newUserCallbackURL,optional"`
	ErrorCallbackURL   string `query:"errorCallbackURL,optional"`
}

// VerifyOutput is the output of [Verify] where the link names no page.
type VerifyOutput struct {
	Token   string      `json:"token"` // of the new session
	User    api.User    `json:"user"`
	Session api.Session `json:"session"`
}

var tags = []string{"Magic link"}

func failure(status int, c api.Code) route.Failure {
	return route.Failure{Status: status, Code: c.Code, Message: c.Message}
}
