package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// pageTemplate is the page. The document is data, not a script: the viewer reads
// it from the element.
var pageTemplate = template.Must(template.New("reference").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Better Auth API</title>
</head>
<body>
<noscript>This page needs JavaScript.</noscript>
<script id="api-reference" type="application/json" data-configuration="{{.Configuration}}"{{with .Nonce}} nonce="{{.}}"{{end}}>{{.Document}}</script>
<script src="{{.ScriptURL}}"{{with .ScriptIntegrity}} integrity="{{.}}" crossorigin="anonymous"{{end}}{{with .Nonce}} nonce="{{.}}"{{end}}></script>
</body>
</html>
`))

type pageData struct {
	Configuration, Nonce, ScriptURL, ScriptIntegrity string
	Document                                         template.JS
}

// page shows the document.
func (p *Plugin) page(c *core.Context, _ route.None) (route.Raw, error) {
	if p.options.DisableReference {
		return route.Raw{}, core.FailEmpty(http.StatusNotFound)
	}
	// encoding/json escapes "<", so that nothing in the document ends the element.
	document, err := p.textFor(c)
	if err != nil {
		return route.Raw{}, err
	}
	configuration, err := json.Marshal(map[string]any{"theme": p.options.Theme, "metaData": map[string]string{"title": "Better Auth API", "description": p.options.Description}})
	if err != nil {
		return route.Raw{}, fmt.Errorf("write the page: %w", err)
	}
	var page bytes.Buffer
	err = pageTemplate.Execute(&page, pageData{
		Configuration: string(configuration), Document: template.JS(document), //nolint:gosec // JSON with "<" escaped, see above
		Nonce: p.options.Nonce, ScriptURL: p.options.ScriptURL, ScriptIntegrity: p.options.ScriptIntegrity,
	})
	if err != nil {
		return route.Raw{}, fmt.Errorf("write the page: %w", err)
	}
	c.SetHeader("Content-Security-Policy", "base-uri 'none'; object-src 'none'; frame-ancestors 'none'")
	c.SetHeader("X-Content-Type-Options", "nosniff")
	c.SetHeader("Referrer-Policy", "no-referrer")
	return route.Raw{ContentType: "text/html; charset=utf-8", Body: page.Bytes()}, nil
}
