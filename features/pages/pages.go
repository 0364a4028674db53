// Package pages serves the health check and the error page.
package pages

import (
	"strings"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// Feature is the feature; make it with [New].
type Feature struct{}

// New returns the feature.
func New() *Feature { return &Feature{} }

// ID returns "pages".
func (*Feature) ID() string { return "pages" }

// Endpoints returns the endpoints.
func (f *Feature) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(api.OK, func(*core.Context, route.None) (api.OKOutput, error) { return api.OKOutput{OK: true}, nil }),
		core.Handle(api.ErrorPage, f.showError),
	}
}

const unknownError = "UNKNOWN"

// showError shows the error that a failed flow names, or sends the browser to
// the page that the application has for that.
func (f *Feature) showError(c *core.Context, in api.ErrorPageInput) (route.Raw, error) {
	code, description := safeCode(last(in.Error)), last(in.Description)
	if len(description) > maxDescription {
		description = description[:maxDescription]
	}
	query := []string{"error", code}
	if description != "" {
		query = append(query, "error_description", description)
	}
	switch {
	case c.Config().ErrorURL != "":
		return route.Raw{}, c.Redirect(core.AppendQuery(c.Config().ErrorURL, query...))
	case !c.Config().Development:
		return route.Raw{}, c.Redirect(core.AppendQuery("/", query...))
	}
	shown := pageData{App: c.Config().AppName, Code: code, Description: description}
	c.SetHeader("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+styleHash+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	c.SetHeader("X-Content-Type-Options", "nosniff")
	c.SetHeader("Referrer-Policy", "no-referrer")
	return route.Raw{ContentType: "text/html; charset=utf-8", Body: shown.html()}, nil
}

const maxDescription = 512

func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

const codeCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-'"

// safeCode returns the code if it is made of harmless characters.
func safeCode(code string) string {
	if code == "" || len(code) > 100 {
		return unknownError
	}
	for _, r := range code {
		if !strings.ContainsRune(codeCharacters, r) {
			return unknownError
		}
	}
	return code
}
