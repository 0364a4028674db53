// Package api is the wire contract: the routes of the core endpoints, the types
// of their inputs and outputs, and the error codes. It has no behaviour, so
// that servers, hooks, documents and the Go client can all be made from it.
package api
