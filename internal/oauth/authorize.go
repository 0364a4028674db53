package oauth

import (
	"net/url"
	"slices"
	"strings"
)

// Authorization is an authorisation request (RFC 6749, section 4.1.1). Empty
// fields are left out.
type Authorization struct {
	// Endpoint is the address of the provider; a query in it is kept.
	Endpoint     string
	ClientID     string
	ClientIDName string // default "client_id"
	ResponseType string // default "code"
	State        string
	// Scopes are joined by ScopeSeparator, by default a space.
	Scopes         []string
	ScopeSeparator string
	RedirectURI    string
	LoginHint      string
	Nonce          string
	Prompt         string
	AccessType     string
	ResponseMode   string
	// Verifier is the PKCE verifier, whose S256 challenge is sent.
	Verifier string
	// Params are further parameters of the provider.
	Params Params
	// PercentSpaces writes spaces as "%20", for providers that do not know "+".
	PercentSpaces bool
	// Requested are parameters that the caller of the API asked for. Those that
	// the protocol depends on are left out.
	Requested map[string]string
}

// Param is a parameter of a request.
type Param struct{ Name, Value string }

// Params are parameters in the order in which they are sent.
type Params []Param

// Set replaces a parameter or adds it.
func (p *Params) Set(name, value string) {
	for i := range *p {
		if (*p)[i].Name == name {
			(*p)[i].Value = value
			return
		}
	}
	*p = append(*p, Param{name, value})
}

// Get returns a parameter, "" when there is none.
func (p Params) Get(name string) string {
	for _, q := range p {
		if q.Name == name {
			return q.Value
		}
	}
	return ""
}

// Encode returns the parameters as a query or form.
func (p Params) Encode() string {
	var b strings.Builder
	for i, q := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(q.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(q.Value))
	}
	return b.String()
}

// Reserved reports whether the protocol depends on a parameter, so that nobody
// but the client itself may set it.
func Reserved(name string) bool {
	switch name {
	case "state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope":
		return true
	}
	return false
}

// URL returns the address to send the user to.
func (a Authorization) URL() string {
	var p Params
	set := func(name, value string) {
		if value != "" {
			p.Set(name, value)
		}
	}
	set("response_type", or(a.ResponseType, "code"))
	set(or(a.ClientIDName, "client_id"), a.ClientID)
	set("state", a.State)
	set("scope", strings.Join(a.Scopes, or(a.ScopeSeparator, " ")))
	set("redirect_uri", a.RedirectURI)
	set("login_hint", a.LoginHint)
	set("nonce", a.Nonce)
	set("prompt", a.Prompt)
	set("access_type", a.AccessType)
	set("response_mode", a.ResponseMode)
	if a.Verifier != "" {
		set("code_challenge_method", "S256")
		set("code_challenge", Challenge(a.Verifier))
	}
	for _, q := range a.Params {
		set(q.Name, q.Value)
	}
	for _, name := range sortedNames(a.Requested) {
		if !Reserved(name) {
			p.Set(name, a.Requested[name])
		}
	}
	query := p.Encode()
	if a.PercentSpaces {
		query = strings.ReplaceAll(query, "+", "%20") // a plus itself is "%2B" by now
	}
	return withQuery(a.Endpoint, p, query)
}

// withQuery adds encoded parameters to an address, keeping its own except those
// that are given anew.
func withQuery(address string, p Params, encoded string) string {
	address, fragment, hasFragment := strings.Cut(address, "#")
	address, query, _ := strings.Cut(address, "?")
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if part != "" && !slices.ContainsFunc(p, func(q Param) bool { return q.Name == name }) {
			kept = append(kept, part)
		}
	}
	text := address + "?" + strings.Join(append(kept, encoded), "&")
	if hasFragment {
		text += "#" + fragment
	}
	return text
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
