// Package route describes the endpoints of an authentication server as typed
// values. From one [Route] derive its serving, its in-process call, its typed
// hooks, its part of the OpenAPI document and its call through the Go client.
//
// An input is a struct whose fields say where they come from:
//
//	type Input struct {
//		Email    string         `json:"email" validate:"email"` // body member, required
//		Remember *bool          `json:"rememberMe,omitempty"`   // body member, optional
//		Token    string         `query:"token"`                 // query parameter, required
//		Fresh    bool           `query:"fresh,truthy"`          // true for any non-empty text
//		ID       string         `path:"id"`                     // path parameter
//		Extra    map[string]any `json:"*"`                      // every other body member
//	}
package route

import (
	"fmt"
	"reflect"
	"strings"
)

// Spec is everything about an endpoint but the Go types of its input and
// output.
type Spec struct {
	// Name is the name of the in-process call and the OpenAPI operation id, for
	// example "signUpEmail".
	Name string
	// Methods are the HTTP methods served; the first is the canonical one.
	Methods []string
	// Path is the path below the base path. Its parameters are written ":name".
	// It is empty for endpoints that exist for in-process calls only.
	Path string
	// Summary says in one sentence what the endpoint does.
	Summary string
	// Tags group endpoints in documents.
	Tags []string
	// Errors are the failures that a client should be prepared for.
	Errors []Failure
	// Forms also accepts application/x-www-form-urlencoded bodies.
	Forms bool
	// NoBody ignores a request body and its content type.
	NoBody bool
	// NoStore forbids caches to keep responses.
	NoStore bool
}

// Failure is an error response an endpoint may give.
type Failure struct {
	Status  int
	Code    string
	Message string
}

// ServerOnly reports whether the endpoint has no HTTP route.
func (s *Spec) ServerOnly() bool { return s.Path == "" }

// Method returns the canonical HTTP method.
func (s *Spec) Method() string {
	if len(s.Methods) == 0 {
		return "POST"
	}
	return s.Methods[0]
}

// Described is what all routes have in common, whatever their types.
type Described interface {
	// Describe returns the declaration; it must not be changed.
	Describe() *Spec
	// InputShape returns how the input is read from requests.
	InputShape() *Shape
	// OutputType returns the Go type of the output.
	OutputType() reflect.Type
}

// Route is an endpoint with the types of its input and output.
type Route[In, Out any] struct {
	spec  Spec
	shape *Shape
}

// New declares a route. Method may list several methods separated by commas. It
// panics when In is not a struct that can be read from a request: routes are
// declared in package variables, so that is found when the program starts.
func New[In, Out any](method, path string, spec Spec) *Route[In, Out] {
	spec.Path = path
	for m := range strings.SplitSeq(method, ",") {
		if m = strings.TrimSpace(m); m != "" {
			spec.Methods = append(spec.Methods, m)
		}
	}
	shape, err := shapeOf(reflect.TypeFor[In]())
	if err != nil {
		panic(fmt.Sprintf("route %s %s: %v", method, path, err))
	}
	return &Route[In, Out]{spec: spec, shape: shape}
}

// Describe returns the declaration; it must not be changed.
func (r *Route[In, Out]) Describe() *Spec { return &r.spec }

// InputShape returns how the input is read from requests.
func (r *Route[In, Out]) InputShape() *Shape { return r.shape }

// OutputType returns the Go type of the output.
func (r *Route[In, Out]) OutputType() reflect.Type { return reflect.TypeFor[Out]() }

// None is the input of endpoints that take none.
type None struct{}

// Raw is an output that is sent as it is, with a content type of its own.
type Raw struct {
	ContentType string
	Body        []byte
}
