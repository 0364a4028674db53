// Package openapi describes the server as an OpenAPI 3.1 document, made from the
// routes that are served and the tables that are used, and shows it on a page.
//
// The document tells nothing that a client could not find out, but it tells it
// to everybody. Serve it where that is wanted.
package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// Options of the plugin.
type Options struct {
	// Path is where the page is. Default "/reference".
	Path string
	// DisableReference serves the document only, not the page.
	DisableReference bool
	// Theme is the theme of the page. Default "default".
	Theme string
	// Nonce is the nonce of the page's scripts, for a content security policy that
	// a proxy adds.
	Nonce string
	// ScriptURL is where the page loads its viewer from, with the hash
	// ScriptIntegrity, if that is set (subresource integrity). Default: the newest
	// version of Scalar at cdn.jsdelivr.net, as in Better Auth 1.7. A script has
	// the rights of whoever looks at the page: serve it yourself, or pin it.
	ScriptURL, ScriptIntegrity string

	// Title, Description and Version head the document. Default: those of Better
	// Auth 1.7, by which its tools know it.
	Title, Description, Version string
	// NameAllOperations gives every operation an id, which generators of clients
	// need. Better Auth 1.7 leaves some without.
	NameAllOperations bool
}

// Plugin is the plugin; make it with [New].
type Plugin struct {
	options   Options
	kernel    *core.Kernel
	reference *route.Route[route.None, route.Raw]
	describe  func() *Document // made once, without servers
	text      func() ([]byte, error)
}

var (
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	setDefault(&o.Path, Reference.Describe().Path)
	setDefault(&o.Theme, "default")
	setDefault(&o.ScriptURL, "https://cdn.jsdelivr.net/npm/@scalar/api-reference")
	setDefault(&o.Title, "Better Auth")
	setDefault(&o.Description, "API Reference for your Better Auth Instance")
	setDefault(&o.Version, "1.1.0")
	p := &Plugin{options: o, reference: Reference}
	if o.Path != Reference.Describe().Path && validPath(o.Path) {
		p.reference = newReferenceRoute(o.Path)
	}
	return p
}

func setDefault(option *string, value string) {
	if *option == "" {
		*option = value
	}
}

func validPath(path string) bool {
	return strings.HasPrefix(path, "/") && len(path) > 1 && !strings.Contains(path, "..") && !strings.ContainsAny(path, "?#: ")
}

// ID returns "open-api".
func (*Plugin) ID() string { return "open-api" }

// Init checks the options.
func (p *Plugin) Init(k *core.Kernel) error {
	p.kernel = k
	// Routes of plugins that come later are not known yet.
	p.describe = sync.OnceValue(func() *Document { return describe(k, &p.options, p.reference) })
	p.text = sync.OnceValues(func() ([]byte, error) { return json.Marshal(p.describe()) })
	if !validPath(p.options.Path) {
		return fmt.Errorf("openapi.Options.Path: %q must begin with a slash and have no \"..\"", p.options.Path)
	}
	return nil
}

// Endpoints returns the endpoints.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(GenerateSchema, p.generate),
		core.Handle(p.reference, p.page),
	}
}

// Document returns the document of the server that the plugin was given to. The
// base URL is what operations are served below.
func (p *Plugin) Document(baseURL string) *Document {
	d := *p.describe()
	d.Servers = []Server{{URL: baseURL}}
	return &d
}

// textFor returns the JSON text of the document. Strangers can ask for it, so it
// is not written anew each time; only the address is.
func (p *Plugin) textFor(c *core.Context) ([]byte, error) {
	text, err := p.text()
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	servers, err := json.Marshal([]Server{{URL: c.BaseURL()}})
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return slices.Concat([]byte(`{"servers":`), servers, []byte{','}, text[1:]), nil
}

func (p *Plugin) generate(c *core.Context, _ route.None) (route.Raw, error) {
	text, err := p.textFor(c)
	return route.Raw{ContentType: "application/json", Body: text}, err
}
