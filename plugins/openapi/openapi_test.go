package openapi_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/openapi"
	"github.com/ostiary/ostiary/plugins/twofactor"
	"github.com/ostiary/ostiary/schema"
)

func start(t testing.TB, o openapi.Options, settings ...func(*ostiary.Options)) *plugintest.Server {
	t.Helper()
	return plugintest.New(t, func(so *ostiary.Options) {
		so.Plugins = []core.Plugin{openapi.New(o), twofactor.New(twofactor.Options{})}
		for _, set := range settings {
			set(so)
		}
	})
}

func documentOf(t testing.TB, s *plugintest.Server) (d openapi.Document, text string) {
	t.Helper()
	r := s.Browser(t).Get("/open-api/generate-schema")
	if r.Status != http.StatusOK {
		t.Fatalf("%d %s", r.Status, r.Text)
	}
	r.Decode(&d)
	return d, r.Text
}

func TestEveryRouteThatIsServedIsDescribed(t *testing.T) {
	t.Parallel()
	s := start(t, openapi.Options{}, func(o *ostiary.Options) { o.Advanced.DisabledPaths = []string{"/list-sessions"} })
	d, _ := documentOf(t, s)
	for _, r := range s.Auth.Kernel().Endpoints() {
		spec := r.Describe()
		for _, method := range spec.Methods {
			path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(spec.Path, "{$1}")
			hidden := spec.ServerOnly() || spec.Path == "/list-sessions" || spec.Path == "/reference" || spec.Path == "/open-api/generate-schema"
			if described := d.Paths[path][strings.ToLower(method)] != nil; described == hidden {
				t.Errorf("%s %s: described %t", method, spec.Path, described)
			}
		}
	}
	if d.Paths["/two-factor/enable"] == nil {
		t.Error("routes of later plugins are missing")
	}
}

func TestTheDocumentIsConsistent(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		d, text := documentOf(t, start(t, openapi.Options{NameAllOperations: all}))
		for _, m := range regexp.MustCompile(`"\$ref":"#/components/schemas/(\w+)"`).FindAllStringSubmatch(text, -1) {
			if d.Components.Schemas[m[1]] == nil {
				t.Errorf("there is no schema %s", m[1])
			}
		}
		ids := map[string]string{}
		for path, operations := range d.Paths {
			for method, op := range operations {
				where := method + " " + path
				if other := ids[op.OperationID]; op.OperationID != "" && other != "" {
					t.Errorf("%s and %s have the id %s", where, other, op.OperationID)
				}
				ids[op.OperationID] = where
				if op.OperationID == "" && all {
					t.Errorf("%s has no id", where)
				}
				in := map[string]bool{}
				for _, p := range op.Parameters {
					if p.In == "path" {
						in["{"+p.Name+"}"] = true
					}
				}
				for _, name := range regexp.MustCompile(`\{\w+\}`).FindAllString(path, -1) {
					if !in[name] {
						t.Errorf("%s does not describe its parameter %s", where, name)
					}
				}
				if op.Responses["200"] == nil && op.Responses["302"] == nil {
					t.Errorf("%s never succeeds", where)
				}
				if (method == "post") != (op.RequestBody != nil) {
					t.Errorf("%s: body %v", where, op.RequestBody)
				}
			}
		}
	}
}

func TestInputsAreDescribed(t *testing.T) {
	t.Parallel()
	d, _ := documentOf(t, start(t, openapi.Options{}, func(o *ostiary.Options) {
		o.User.Fields = []schema.Field{
			{Name: "plan", Values: []string{"free", "paid"}},
			{Name: "role", Default: "user", NoInput: true},
			{Name: "secret", Optional: true, Hidden: true},
		}
		o.Session.Fields = []schema.Field{{Name: "theme", Optional: true}}
	}))
	body := func(path string) *openapi.Schema {
		return d.Paths[path]["post"].RequestBody.Content["application/json"].Schema
	}
	signUp := body("/sign-up/email")
	if diff := cmp.Diff([]string{"name", "email", "password", "plan"}, signUp.Required); diff != "" {
		t.Error(diff)
	}
	if signUp.Properties["role"] != nil || signUp.Properties["plan"].Enum[1] != "paid" || signUp.Properties["email"].Format != "email" {
		t.Errorf("%+v", signUp.Properties)
	}
	if update := body("/update-user"); len(update.Required) != 0 || update.Properties["plan"] == nil {
		t.Errorf("%+v", update)
	}
	if body("/update-session").Properties["theme"] == nil {
		t.Error("the fields of sessions are missing")
	}
	if d.Paths["/sign-in/email"]["post"].RequestBody.Content["application/x-www-form-urlencoded"] == nil {
		t.Error("forms are missing")
	}
	user := d.Components.Schemas["User"]
	if user.Properties["secret"] != nil || !user.Properties["role"].ReadOnly || user.Properties["role"].Default != "user" {
		t.Errorf("user: %+v", user)
	}
	if factor := d.Components.Schemas["TwoFactor"]; factor.Properties["secret"] != nil || factor.Properties["backupCodes"] != nil {
		t.Error("hidden fields are described")
	}
}

func TestThePageShowsTheDocument(t *testing.T) {
	t.Parallel()
	hostile := `</script><script>alert(1)</script><!--`
	s := start(t, openapi.Options{
		Path: "/docs", Theme: `moon" onload="alert(1)`, Nonce: "r4nd0m", ScriptURL: "/viewer.js", ScriptIntegrity: "sha384-abc", Description: hostile,
	})
	r := s.Browser(t).Get("/docs")
	if r.Status != http.StatusOK || r.Header.Get("Content-Type") != "text/html; charset=utf-8" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", r.Status, r.Header)
	}
	for text, want := range map[string]int{
		hostile: 0, "alert(1)</script>": 0, `onload="`: 0, "<script": 2, "</script>": 2, "<!--": 0,
		`src="/viewer.js"`: 1, `integrity="sha384-abc"`: 1, `nonce="r4nd0m"`: 2, `"openapi":"3.1.1"`: 1, "<title>Better Auth API</title>": 1,
	} {
		if got := strings.Count(r.Text, text); got != want {
			t.Errorf("%q appears %d times, want %d", text, got, want)
		}
	}
	_, rest, _ := strings.Cut(r.Text, `type="application/json"`)
	_, rest, _ = strings.Cut(rest, ">")
	text, _, _ := strings.Cut(rest, "</script>")
	var d openapi.Document
	if err := json.Unmarshal([]byte(text), &d); err != nil || d.Info.Description != hostile || d.Servers[0].URL != plugintest.Origin+"/api/auth" {
		t.Errorf("the document in the page: %v %+v", err, d.Info)
	}
	if r := s.Browser(t).Get("/reference"); r.Status != http.StatusNotFound {
		t.Errorf("the default path is served: %d", r.Status)
	}
}

func TestThePageCanBeOff(t *testing.T) {
	t.Parallel()
	s := start(t, openapi.Options{DisableReference: true})
	if r := s.Browser(t).Get("/reference"); r.Status != http.StatusNotFound || r.Text != "" {
		t.Errorf("%d %q", r.Status, r.Text)
	}
	documentOf(t, s)
	_, err := ostiary.New(ostiary.Options{Logger: slog.New(slog.DiscardHandler), Secret: strings.Repeat("s3cr-", 10), Plugins: []core.Plugin{openapi.New(openapi.Options{Path: "docs"})}})
	if err == nil || !strings.Contains(err.Error(), "openapi.Options.Path") {
		t.Errorf("a path without slash: %v", err)
	}
}

// The address in the document is that of the request; it must not stick.
func TestTheServerIsThatOfTheRequest(t *testing.T) {
	t.Parallel()
	s := start(t, openapi.Options{}, func(o *ostiary.Options) { o.BaseURL = ostiary.HostURLs("a.example.com", "b.example.com") })
	for _, host := range []string{"a.example.com", "b.example.com", "a.example.com"} {
		var d openapi.Document
		s.Browser(t).Get("http://" + host + "/api/auth/open-api/generate-schema").Decode(&d)
		if len(d.Servers) != 1 || !strings.HasSuffix(d.Servers[0].URL, "://"+host+"/api/auth") {
			t.Errorf("%s: %+v", host, d.Servers)
		}
	}
}

func BenchmarkDocument(b *testing.B) {
	b.ReportAllocs()
	browser := start(b, openapi.Options{}).Browser(b)
	for b.Loop() {
		browser.Get("/open-api/generate-schema")
	}
}
