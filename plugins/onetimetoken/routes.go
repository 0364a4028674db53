package onetimetoken

import (
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

// Generate makes a token for the session of the call.
var Generate = route.New[route.None, GenerateOutput]("GET", "/one-time-token/generate", route.Spec{
	Name: "generateOneTimeToken", Summary: "Make a token that hands the session over", Tags: tags,
	Errors: []route.Failure{failure(400, ClientRequestsDisabled), failure(401, api.Unauthorized)},
})

// GenerateOutput is the output of [Generate].
type GenerateOutput struct {
	Token string `json:"token"`
}

// Verify redeems a token: it answers with the session and signs the browser in.
// The session is the one for which the token was made, not a new one.
var Verify = route.New[VerifyInput, api.SessionAndUser]("POST", "/one-time-token/verify", route.Spec{
	Name: "verifyOneTimeToken", Summary: "Take a session over with a token", Tags: tags,
	Errors: []route.Failure{failure(400, InvalidToken), failure(400, SessionNotFound), failure(400, SessionExpired)},
})

// VerifyInput is the input of [Verify].
type VerifyInput struct {
	Token string `json:"token"`
}

// The errors of the endpoints. They have no code on the wire, only a message.
var (
	ClientRequestsDisabled = api.Code{Message: "Client requests are disabled"}
	InvalidToken           = api.Code{Message: "Invalid token"}
	SessionNotFound        = api.Code{Message: "Session not found"}
	SessionExpired         = api.Code{Message: "Session expired"}
)

var tags = []string{"One-time token"}

func failure(status int, c api.Code) route.Failure {
	return route.Failure{Status: status, Code: c.Code, Message: c.Message}
}
