package api

import "github.com/ostiary/ostiary/route"

// ListAccounts lists the ways in which the user signs in.
var ListAccounts = route.New[route.None, []Account]("GET", "/list-accounts", route.Spec{
	Name: "listUserAccounts", Summary: "List one's accounts", Tags: []string{"Account"},
	Errors: []route.Failure{failure(401, Unauthorized)},
})

// UnlinkAccount removes one of the ways in which the user signs in.
var UnlinkAccount = route.New[UnlinkAccountInput, Status]("POST", "/unlink-account", route.Spec{
	Name: "unlinkAccount", Summary: "Unlink an account", Tags: []string{"Account"},
	Errors: []route.Failure{failure(400, FailedToUnlinkLastAccount), failure(400, AccountNotFound), failure(401, Unauthorized), failure(403, SessionNotFresh)},
})

// UnlinkAccountInput is the input of [UnlinkAccount].
type UnlinkAccountInput struct {
	AccountID string `json:"accountId"` // the id of the account row, not the id at the provider
}
