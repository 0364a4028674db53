package api

import "github.com/ostiary/ostiary/route"

// Status is the answer of endpoints that have nothing else to say.
type Status struct {
	Status bool `json:"status"`
}

// StatusMessage is a status with a text for people.
type StatusMessage struct {
	Status  bool   `json:"status"`
	Message string `json:"message"`
}

// NoOutput is the output of endpoints that only redirect.
type NoOutput struct{}

func failure(status int, c Code) route.Failure {
	return route.Failure{Status: status, Code: c.Code, Message: c.Message}
}
