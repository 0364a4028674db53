package multisession

import (
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

// List lists the sessions of the browser, one for each user.
var List = route.New[route.None, []api.SessionAndUser]("GET", "/multi-session/list-device-sessions", route.Spec{
	Name: "listDeviceSessions", Summary: "List the sessions of this browser", Tags: tags,
})

// SetActive makes one of the sessions of the browser the current one.
var SetActive = route.New[SessionInput, api.SessionAndUser]("POST", "/multi-session/set-active", route.Spec{
	Name: "setActiveSession", Summary: "Switch to another session of this browser", Tags: tags,
	Errors: []route.Failure{failure(401, InvalidSessionToken)},
})

// Revoke ends one of the sessions of the browser. When it was the current one,
// another one takes its place, if there is any.
var Revoke = route.New[SessionInput, api.Status]("POST", "/multi-session/revoke", route.Spec{
	Name: "revokeDeviceSession", Summary: "End a session of this browser", Tags: tags,
	Errors: []route.Failure{failure(401, InvalidSessionToken), failure(401, api.Unauthorized)},
})

// SessionInput is the input of [SetActive] and [Revoke].
type SessionInput struct {
	SessionToken string `json:"sessionToken"`
}

// InvalidSessionToken is the error for a session that is not one of the browser.
var InvalidSessionToken = api.Code{Code: "INVALID_SESSION_TOKEN", Message: "Invalid session token"}

var tags = []string{"Multi-session"}

func failure(status int, c api.Code) route.Failure {
	return route.Failure{Status: status, Code: c.Code, Message: c.Message}
}
