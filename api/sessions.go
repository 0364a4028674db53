package api

import "github.com/ostiary/ostiary/route"

// GetSession returns the session of the request, or null. A POST refreshes the
// session where refreshing is deferred.
var GetSession = route.New[GetSessionInput, *SessionAndUser]("GET,POST", "/get-session", route.Spec{
	Name: "getSession", Summary: "Get the current session", Tags: []string{"Session"}, NoBody: true, NoStore: true,
	Errors: []route.Failure{failure(405, MethodNotAllowedDeferRequired), failure(401, FailedToGetSession)},
})

// GetSessionInput is the input of [GetSession].
type GetSessionInput struct {
	DisableCookieCache bool `query:"disableCookieCache,truthy"` // read the store
	DisableRefresh     bool `query:"disableRefresh,truthy"`     // leave the lifetime alone
}

// SessionAndUser is a session with its user.
type SessionAndUser struct {
	Session Session
	User    User
	// NeedsRefresh is set when the client should POST to refresh the session; it
	// is only known where refreshing is deferred.
	NeedsRefresh *bool
}

// AppendJSON appends the JSON text to b.
func (s *SessionAndUser) AppendJSON(b []byte) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"session":`...)
	b = s.Session.AppendJSON(b)
	b = append(b, `,"user":`...)
	b = s.User.AppendJSON(b)
	if s.NeedsRefresh != nil {
		b = append(b, `,"needsRefresh":`...)
		b = appendBool(b, *s.NeedsRefresh)
	}
	return append(b, '}')
}

// MarshalJSON returns the JSON text.
func (s SessionAndUser) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// ListSessions lists the live sessions of the user.
var ListSessions = route.New[route.None, []Session]("GET", "/list-sessions", route.Spec{
	Name: "listSessions", Summary: "List one's sessions", Tags: []string{"Session"},
	Errors: []route.Failure{failure(401, Unauthorized), failure(403, SessionNotFresh)},
})

// RevokeSession ends one of the user's sessions.
var RevokeSession = route.New[RevokeSessionInput, Status]("POST", "/revoke-session", route.Spec{
	Name: "revokeSession", Summary: "End one of one's sessions", Tags: []string{"Session"},
	Errors: []route.Failure{failure(401, Unauthorized)},
})

// RevokeSessionInput is the input of [RevokeSession].
type RevokeSessionInput struct {
	Token string `json:"token"`
}

// RevokeSessions ends all sessions of the user.
var RevokeSessions = route.New[route.None, Status]("POST", "/revoke-sessions", route.Spec{
	Name: "revokeSessions", Summary: "End all of one's sessions", Tags: []string{"Session"},
	Errors: []route.Failure{failure(401, Unauthorized)},
})

// RevokeOtherSessions ends all sessions of the user but the current one.
var RevokeOtherSessions = route.New[route.None, Status]("POST", "/revoke-other-sessions", route.Spec{
	Name: "revokeOtherSessions", Summary: "End one's other sessions", Tags: []string{"Session"},
	Errors: []route.Failure{failure(401, Unauthorized)},
})

// UpdateSession sets additional fields of the current session.
var UpdateSession = route.New[UpdateSessionInput, UpdateSessionOutput]("POST", "/update-session", route.Spec{
	Name: "updateSession", Summary: "Set fields of the current session", Tags: []string{"Session"},
	Errors: []route.Failure{{Status: 400, Message: NoFieldsToUpdate.Message}, failure(401, Unauthorized)},
})

// UpdateSessionInput is the input of [UpdateSession].
type UpdateSessionInput struct {
	Fields map[string]any `json:"*"`
}

// UpdateSessionOutput is the output of [UpdateSession].
type UpdateSessionOutput struct {
	Session Session `json:"session"`
}

// SignOut ends the current session.
var SignOut = route.New[SignOutInput, SignOutOutput]("POST", "/sign-out", route.Spec{
	Name: "signOut", Summary: "Sign out", Tags: []string{"Session"},
})

// SignOutInput is the input of [SignOut].
type SignOutInput struct {
	_               route.OptionalBody
	CallbackURL     string `json:"callbackURL,omitempty"`     // where the provider sends the browser after its own sign-out
	DisableRedirect bool   `json:"disableRedirect,omitempty"` // do not ask the client to follow the provider's URL
	State           string `json:"state,omitempty"`           // handed through the provider
}

// SignOutOutput is the output of [SignOut].
type SignOutOutput struct {
	Success  bool   `json:"success"`
	URL      string `json:"url,omitempty"` // the provider's sign-out page, if it has one
	Redirect *bool  `json:"redirect,omitempty"`
}
