package openapi

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

// describe returns the document of a server, without its address.
func describe(k *core.Kernel, o *Options, reference route.Described) *Document {
	d := &Document{
		OpenAPI: "3.1.1",
		Info:    Info{Title: o.Title, Description: o.Description, Version: o.Version},
		Components: Components{Schemas: modelsOf(k.DB.Schema()), SecuritySchemes: map[string]*SecurityScheme{
			"apiKeyCookie": {Type: "apiKey", In: "cookie", Name: "apiKeyCookie", Description: "API Key authentication via cookie"},
			"bearerAuth":   {Type: "http", Scheme: "bearer", Description: "Bearer token authentication"},
		}},
		Security: []map[string][]string{{"apiKeyCookie": {}, "bearerAuth": {}}},
		Tags:     []Tag{{Name: "Default", Description: "Default endpoints that are included with Better Auth by default. These endpoints are not part of any plugin."}},
		Paths:    map[string]map[string]*Operation{},
	}
	w := writer{kernel: k, options: o, document: d, ids: map[string]bool{}}
	for _, r := range served(k, reference) {
		w.add(r)
	}
	return d
}

// served returns the routes that the document has, by path.
func served(k *core.Kernel, reference route.Described) []route.Described {
	routes := slices.DeleteFunc(k.Endpoints(), func(r route.Described) bool {
		spec := r.Describe()
		return spec.ServerOnly() || slices.Contains(k.Config().DisabledPaths, spec.Path) ||
			spec == GenerateSchema.Describe() || spec == reference.Describe()
	})
	slices.SortFunc(routes, func(a, b route.Described) int {
		return cmp.Or(strings.Compare(a.Describe().Path, b.Describe().Path), strings.Compare(a.Describe().Method(), b.Describe().Method()))
	})
	return routes
}

// writer adds routes to a document.
type writer struct {
	kernel   *core.Kernel
	options  *Options
	document *Document
	ids      map[string]bool // operation ids that are taken
}

func (w *writer) add(r route.Described) {
	spec := r.Describe()
	path := pathOf(spec.Path)
	if w.document.Paths[path] == nil {
		w.document.Paths[path] = map[string]*Operation{}
	}
	for _, method := range spec.Methods {
		w.document.Paths[path][strings.ToLower(method)] = w.operation(r, method)
	}
}

// pathOf writes path parameters as OpenAPI does: "/callback/{id}".
func pathOf(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			segments[i] = "{" + name + "}"
		}
	}
	return strings.Join(segments, "/")
}

func (w *writer) operation(r route.Described, method string) *Operation {
	spec := r.Describe()
	op := &Operation{
		OperationID: w.operationID(spec, method), Summary: spec.Summary, Tags: spec.Tags,
		Security:   []map[string][]string{{"bearerAuth": {}}},
		Parameters: parametersOf(r.InputShape()),
		Responses:  responsesOf(r),
	}
	if len(op.Tags) == 0 {
		op.Tags = []string{"Default"}
	}
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		op.RequestBody = w.bodyOf(r)
	}
	return op
}

// operationID returns the id of an operation; "" for none. One that is taken gets
// the method, and then a number, behind it.
func (w *writer) operationID(spec *route.Spec, method string) string {
	id := spec.Name
	if known, ok := knownIDs()[spec.Path]; ok && (known != "" || !w.options.NameAllOperations) {
		id = known
	}
	if id == "" {
		return ""
	}
	if w.ids[id] {
		id += capitalised(strings.ToLower(method))
	}
	unique := id
	for n := 2; w.ids[unique]; n++ {
		unique = id + strconv.Itoa(n)
	}
	w.ids[unique] = true
	return unique
}

// knownIDs are the operation ids of Better Auth 1.7, by path, where they are not
// the names of the routes. Clients have been generated from them.
func knownIDs() map[string]string {
	return map[string]string{
		"/list-sessions":         "listUserSessions",
		"/reset-password/:token": "resetPasswordCallback",
		"/sign-in/social":        "socialSignIn",
		"/sign-up/email":         "signUpWithEmailAndPassword",
		"/link-social":           "linkSocialAccount",
		"/account-info":          "",
		"/callback/:id":          "",
		"/delete-user/callback":  "",
		"/error":                 "",
		"/get-access-token":      "",
		"/ok":                    "",
		"/refresh-token":         "",
		"/revoke-other-sessions": "",
		"/revoke-session":        "",
		"/revoke-sessions":       "",
		"/unlink-account":        "",
		"/verify-email":          "",
	}
}

func parametersOf(s *route.Shape) []*Parameter {
	list := []*Parameter{}
	for i := range s.Fields {
		f := &s.Fields[i]
		switch f.Source {
		case route.Path:
			list = append(list, &Parameter{Name: f.Name, In: "path", Required: true, Schema: &Schema{Type: "string"}})
		case route.Query:
			list = append(list, &Parameter{Name: f.Name, In: "query", Required: !f.Optional, Schema: inputField(f)})
		}
	}
	return list
}

// inputField returns the schema of an input field.
func inputField(f *route.Field) *Schema {
	s := typeOf(f.Type)
	for _, rule := range f.Rules {
		switch rule {
		case "email":
			s.Format = "email"
		case "nonempty":
			s.MinLength = 1
		}
	}
	if f.Nullable {
		return s.orNull()
	}
	return s
}

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// bodyOf returns the request body; that of a route without one is an empty
// object.
func (w *writer) bodyOf(r route.Described) *RequestBody {
	shape, spec := r.InputShape(), r.Describe()
	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for i := range shape.Fields {
		f := &shape.Fields[i]
		if f.Source != route.Body {
			continue
		}
		s.Properties[f.Name] = inputField(f)
		if !f.Optional {
			s.Required = append(s.Required, f.Name)
		}
	}
	if shape.Strict {
		s.AdditionalProperties = false
	}
	w.addUserFields(spec, s)
	body := &RequestBody{Required: shape.HasBody && !shape.OptionalBody, Content: map[string]*Media{mediaJSON: {Schema: s}}}
	if spec.Forms {
		body.Content[mediaForm] = &Media{Schema: s}
	}
	return body
}

// addUserFields adds the application's own fields to the inputs that take them.
func (w *writer) addUserFields(spec *route.Spec, s *Schema) {
	tables := w.kernel.DB.Schema()
	table, core := tables.Table(schema.UserKey), schema.UserCoreFields
	switch spec {
	case api.SignUpEmail.Describe(), api.UpdateUser.Describe():
	case api.UpdateSession.Describe():
		table, core = tables.Table(schema.SessionKey), schema.SessionCoreFields
	default:
		return
	}
	fields, required := inputOf(table, core)
	for name, field := range fields {
		if s.Properties[name] == nil {
			s.Properties[name] = field
		}
	}
	if spec == api.SignUpEmail.Describe() {
		s.Required = append(s.Required, required...)
	}
}

// responsesOf returns what the route may answer.
func responsesOf(r route.Described) map[string]*Response {
	all := map[string]*Response{}
	for status, description := range map[int]string{
		400: "Bad Request. Usually due to missing parameters, or invalid parameters.",
		401: "Unauthorized. Due to missing or invalid authentication.",
		403: "Forbidden. You do not have permission to access this resource or to perform this action.",
		404: "Not Found. The requested resource was not found.",
		429: "Too Many Requests. You have exceeded the rate limit. Try again later.",
		500: "Internal Server Error. This is a problem with the server that you cannot fix.",
	} {
		all[strconv.Itoa(status)] = failureResponse(description)
	}
	for _, f := range r.Describe().Errors {
		key := strconv.Itoa(f.Status)
		if all[key] == nil {
			all[key] = failureResponse(http.StatusText(f.Status) + ".")
		}
		if f.Code != "" {
			all[key].Description += " " + f.Code + ": " + strings.TrimSuffix(f.Message, ".") + "."
		}
	}
	switch r.OutputType() {
	case reflect.TypeFor[api.NoOutput]():
		all["302"] = &Response{Description: "Redirect"}
	case reflect.TypeFor[route.Raw]():
		all["200"] = &Response{Description: "Success", Content: map[string]*Media{"*/*": {Schema: &Schema{}}}}
	default:
		all["200"] = &Response{Description: "Success", Content: map[string]*Media{mediaJSON: {Schema: typeOf(r.OutputType())}}}
	}
	return all
}

func failureResponse(description string) *Response {
	return &Response{Description: description, Content: map[string]*Media{mediaJSON: {Schema: &Schema{
		Type: "object",
		Properties: map[string]*Schema{
			"message": {Type: "string"},
			"code":    {Type: "string"},
		},
	}}}}
}
