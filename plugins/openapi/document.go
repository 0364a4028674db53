package openapi

import "slices"

// Document is an OpenAPI 3.1 document, as far as it is used here.
type Document struct {
	OpenAPI    string                           `json:"openapi"`
	Info       Info                             `json:"info"`
	Components Components                       `json:"components"`
	Security   []map[string][]string            `json:"security"`
	Servers    []Server                         `json:"servers,omitempty"`
	Tags       []Tag                            `json:"tags"`
	Paths      map[string]map[string]*Operation `json:"paths"` // by path and method, in lower case
}

// Info heads a document.
type Info struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Version     string `json:"version"`
}

// Server is where the operations are served.
type Server struct {
	URL string `json:"url"`
}

// Tag groups operations.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Components are what operations refer to.
type Components struct {
	Schemas         map[string]*Schema         `json:"schemas"`
	SecuritySchemes map[string]*SecurityScheme `json:"securitySchemes"`
}

// SecurityScheme is a way of saying who is asking.
type SecurityScheme struct {
	Type        string `json:"type"`
	In          string `json:"in,omitempty"`
	Name        string `json:"name,omitempty"`
	Scheme      string `json:"scheme,omitempty"`
	Description string `json:"description"`
}

// Operation is an endpoint under one method.
type Operation struct {
	OperationID string                `json:"operationId,omitempty"`
	Summary     string                `json:"summary,omitempty"`
	Tags        []string              `json:"tags"`
	Security    []map[string][]string `json:"security"`
	Parameters  []*Parameter          `json:"parameters"`
	RequestBody *RequestBody          `json:"requestBody,omitempty"`
	Responses   map[string]*Response  `json:"responses"` // by status
}

// Parameter is an input that is not in the body.
type Parameter struct {
	Name     string  `json:"name"`
	In       string  `json:"in"`
	Required bool    `json:"required,omitempty"`
	Schema   *Schema `json:"schema"`
}

// RequestBody is an input in the body.
type RequestBody struct {
	Required bool              `json:"required"`
	Content  map[string]*Media `json:"content"`
}

// Response is one of the answers.
type Response struct {
	Description string            `json:"description"`
	Content     map[string]*Media `json:"content,omitempty"`
}

// Media is a body of one media type.
type Media struct {
	Schema *Schema `json:"schema"`
}

// Schema is a JSON Schema (draft 2020-12), as far as it is used here. Its zero
// value is true of everything.
type Schema struct {
	Ref                  string             `json:"$ref,omitempty"`
	AnyOf                []*Schema          `json:"anyOf,omitempty"`
	Type                 any                `json:"type,omitempty"` // a string, or a list of them
	Format               string             `json:"format,omitempty"`
	Enum                 []any              `json:"enum,omitempty"`
	Default              any                `json:"default,omitempty"`
	ReadOnly             bool               `json:"readOnly,omitempty"`
	MinLength            int                `json:"minLength,omitempty"`
	Items                *Schema            `json:"items,omitempty"`
	Properties           map[string]*Schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties any                `json:"additionalProperties,omitempty"` // a bool or a *Schema
}

// orNull returns the schema that is also true of null.
func (s *Schema) orNull() *Schema {
	name, ok := s.Type.(string)
	if !ok {
		if s.Ref == "" {
			return s
		}
		return &Schema{AnyOf: []*Schema{s, {Type: "null"}}}
	}
	null := *s
	null.Type = []string{name, "null"}
	if len(s.Enum) > 0 {
		null.Enum = append(slices.Clone(s.Enum), nil)
	}
	return &null
}
