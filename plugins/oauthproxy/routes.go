package oauthproxy

import (
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

// Complete is where production sends users back to: it completes the flow that
// this server began.
var Complete = route.New[CompleteInput, api.NoOutput]("GET", "/callback/:id/oauth-proxy", route.Spec{
	Name: "oAuthProxyCallback", Summary: "Come back from a provider by way of another server", Tags: tags, Errors: failures,
})

// CompleteInput is the input of [Complete].
type CompleteInput struct {
	ProviderID  string `path:"id"`
	CallbackURL string `query:"callbackURL,optional"` // where the user wanted to go
	Profile     string `query:"profile,optional"`     // sealed
}

// CompleteAnywhere is the address of [Complete] before Better Auth 1.7.7, which
// servers of that time still send users to.
var CompleteAnywhere = route.New[CompleteAnywhereInput, api.NoOutput]("GET", "/oauth-proxy-callback", route.Spec{
	Name: "oAuthProxy", Summary: "Come back by way of a server of an earlier version", Tags: tags, Errors: failures,
})

// CompleteAnywhereInput is the input of [CompleteAnywhere].
type CompleteAnywhereInput struct {
	CallbackURL string `query:"callbackURL,optional"`
	Profile     string `query:"profile,optional"`
}

var (
	tags     = []string{"OAuth proxy"}
	failures = []route.Failure{{Status: 403, Code: api.InvalidCallbackURL.Code, Message: api.InvalidCallbackURL.Message}}
)
