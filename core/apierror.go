package core

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/jstext"
	"github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
)

// APIError is an answer of the API that is not a success: an error with a code
// that clients can tell, or a redirect. Endpoints and hooks return it.
type APIError struct {
	// Status is the HTTP status.
	Status int
	// Code and Message are the body. Without either the body is empty.
	Code, Message string
	// Extra are further members of the body.
	Extra map[string]any
	// Header is added to the response.
	Header http.Header
	// Cause is why it came to this. It is never sent.
	Cause error
}

// Fail returns the error of a code.
func Fail(status int, code api.Code) *APIError {
	return &APIError{Status: status, Code: code.Code, Message: code.Message}
}

// FailWith returns an error with a code and message of one's own.
func FailWith(status int, code, message string) *APIError {
	return &APIError{Status: status, Code: code, Message: message}
}

// FailEmpty returns an error without a body.
func FailEmpty(status int) *APIError { return &APIError{Status: status} }

// Because returns the error with a cause, which is logged but never sent.
func (e *APIError) Because(cause error) *APIError {
	c := *e
	c.Cause = cause
	return &c
}

// LogValue is what logs show of the error: with its cause, which its JSON form, that
// of the answer, has not.
func (e *APIError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// Error describes the error for logs.
func (e *APIError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *APIError) Unwrap() error { return e.Cause }

// IsRedirect reports whether the error is a redirect.
func (e *APIError) IsRedirect() bool { return e.Status >= 300 && e.Status < 400 }

// MarshalJSON returns the JSON body; an empty object when there is none.
func (e *APIError) MarshalJSON() ([]byte, error) {
	if b := e.body(); b != nil {
		return b, nil
	}
	return []byte("{}"), nil
}

// body returns the JSON body; nil when there is none.
func (e *APIError) body() []byte {
	if e.Code == "" && e.Message == "" && len(e.Extra) == 0 {
		return nil
	}
	b := []byte{'{'}
	member := func(name string, value any) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = jstext.AppendString(b, name)
		b = append(b, ':')
		var err error
		if b, err = jstext.Append(b, value); err != nil {
			b = append(b, "null"...)
		}
	}
	if e.Message != "" {
		member("message", e.Message)
	}
	if e.Code != "" {
		member("code", e.Code)
	}
	for name, value := range e.Extra {
		member(name, value)
	}
	return append(b, '}')
}

// AsAPIError returns the API error that err is or wraps. Errors that mean "not
// now" become 503 answers with Retry-After. It returns nil for all others,
// which are failures of the server.
func AsAPIError(err error) *APIError {
	var e *APIError
	var busy password.ErrBusy
	var input *schema.InputError
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &input):
		return FailWith(input.Status, input.Code, input.Message)
	case errors.As(err, &busy):
		return unavailable(busy.RetryAfter.Seconds(), err)
	case errors.Is(err, database.ErrOutOfRange):
		return FailWith(http.StatusBadRequest, api.ValidationError.Code, "Invalid input: a value is out of range").Because(err)
	case errors.Is(err, database.ErrUnavailable), errors.Is(err, storage.ErrUnavailable):
		return Unavailable(err)
	}
	return nil
}

// Unavailable is the answer 503 with Retry-After: what the server needs, such as its
// database, does not answer at the moment.
func Unavailable(cause error) *APIError { return unavailable(1, cause) }

func unavailable(seconds float64, cause error) *APIError {
	e := Fail(http.StatusServiceUnavailable, api.ServiceUnavailable).Because(cause)
	e.Header = http.Header{"Retry-After": {fmt.Sprint(max(1, int(seconds+0.999)))}}
	return e
}

func validationError(issues []route.Issue) *APIError {
	return FailWith(http.StatusBadRequest, api.ValidationError.Code, route.Message(issues))
}
