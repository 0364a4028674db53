package openapi

import "github.com/ostiary/ostiary/route"

// GenerateSchema answers the document.
var GenerateSchema = route.New[route.None, route.Raw]("GET", "/open-api/generate-schema", route.Spec{
	Name: "generateOpenAPISchema", Summary: "Get the OpenAPI document", Tags: tags,
})

// Reference shows the document, at its default path.
var Reference = newReferenceRoute("/reference")

func newReferenceRoute(path string) *route.Route[route.None, route.Raw] {
	return route.New[route.None, route.Raw]("GET", path, route.Spec{
		Name: "openAPIReference", Summary: "Read the OpenAPI document", Tags: tags,
	})
}

var tags = []string{"OpenAPI"}
