package oauthpopup

import (
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

// Start begins a sign-in in a window that was opened for it.
var Start = route.New[StartInput, route.Raw]("GET", "/oauth-popup/start", route.Spec{
	Name: "oauthPopupStart", Summary: "Begin a sign-in in a window", Tags: []string{"OAuth popup"},
	Errors: []route.Failure{{Status: 403, Code: api.InvalidOrigin.Code, Message: api.InvalidOrigin.Message}},
})

// StartInput is the input of [Start].
type StartInput struct {
	Provider           string `query:"provider"`
	PopupOrigin        string `query:"popupOrigin"`         // of the application that opened the window
	PopupNonce         string `query:"popupNonce,optional"` // comes back with the result
	CallbackURL        string `query:"callbackURL,optional"`
	ErrorCallbackURL   string `query:"errorCallbackURL,optional"`
	NewUserCallbackURL string `query:"newUserCallbackURL,optional"`
	Scopes             string `query:"scopes,optional"`         // joined by commas
	RequestSignUp      string `query:"requestSignUp,optional"`  // "true"
	AdditionalData     string `query:"additionalData,optional"` // a JSON object
}
