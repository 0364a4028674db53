package api

import "github.com/ostiary/ostiary/route"

// OK says that the server is there.
var OK = route.New[route.None, OKOutput]("GET", "/ok", route.Spec{Name: "ok", Summary: "Check that the server is there", Tags: []string{"Pages"}})

// OKOutput is the output of [OK].
type OKOutput struct {
	OK bool `json:"ok"`
}

// ErrorPage is where failed flows lead that have no page of their own.
var ErrorPage = route.New[ErrorPageInput, route.Raw]("GET", "/error", route.Spec{Name: "error", Summary: "Show an error", Tags: []string{"Pages"}})

// ErrorPageInput is the input of [ErrorPage].
type ErrorPageInput struct {
	Error       []string `query:"error,optional"`
	Description []string `query:"error_description,optional"`
}
