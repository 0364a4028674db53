package onetap

import (
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

// Callback signs a user in with an ID token from Google's script.
var Callback = route.New[CallbackInput, CallbackOutput]("POST", "/one-tap/callback", route.Spec{
	Name: "oneTapCallback", Summary: "Sign in with Google One Tap", Tags: []string{"One Tap"},
	Errors: []route.Failure{
		failure(400, NoClientID), failure(400, InvalidIDToken), failure(400, NoEmail), failure(401, api.Code{Message: "account not linked"}),
		failure(403, api.EmailNotVerified),
	},
})

// CallbackInput is the input of [Callback].
type CallbackInput struct {
	IDToken string `json:"idToken"`
	// CallbackURL is where the client goes afterwards. It is checked, not used.
	CallbackURL string `json:"callbackURL,omitempty"`
}

// CallbackOutput is the output of [Callback].
type CallbackOutput struct {
	Token string   `json:"token"`
	User  api.User `json:"user"`
}

// The errors of the endpoint. They have no code on the wire, only a message.
var (
	NoClientID     = api.Code{Message: "Google client ID is required for One Tap. Set it on the oneTap plugin (clientId) or on socialProviders.google."}
	InvalidIDToken = api.Code{Message: "invalid id token"}
	NoEmail        = api.Code{Message: "Email not available in token"}
)

func failure(status int, c api.Code) route.Failure {
	return route.Failure{Status: status, Code: c.Code, Message: c.Message}
}
