package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/ostiary/ostiary/features/social"
)

// facts are what the code of a provider does, found out by using it.
type facts struct {
	name                 string
	authorize            string // the endpoint
	scopes               []string
	pkce                 bool
	token                string // the endpoint
	basic                bool
	refreshes, idTokens  bool
	sources              []string // where the profile is read
	mapping              []row
	options              []option
	idField, secretField string
}

type row struct{ name, text string }

// option is a field of the provider's options that others do not have.
type option struct{ name, kind, doc string }

// factsOf uses a provider to see what it does.
func factsOf(ctx context.Context, root string, p provider) (facts, error) {
	f := &fake{answers: answersOf(p), otherwise: `{"access_token":"at"}`}
	k, err := f.kernel()
	if err != nil {
		return facts{}, err
	}
	made := p.make(social.Client{ID: "client", Secret: "secret"})
	address, err := made.AuthorizationURL(ctx, k, social.AuthorizationRequest{State: "s", Verifier: "v", RedirectURI: "https://app.example.com/callback"})
	if err != nil {
		return facts{}, fmt.Errorf("%s: %w", p.id, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return facts{}, fmt.Errorf("%s: %w", p.id, err)
	}
	q := u.Query()
	u.RawQuery, u.Fragment = "", ""
	out := facts{
		authorize: u.String(), pkce: q.Has("code_challenge"),
		scopes:    strings.FieldsFunc(q.Get("scope"), func(r rune) bool { return r == ' ' || r == ',' }),
		refreshes: made.Traits().Refreshes, idTokens: made.Traits().VerifiesIDTokens,
		idField: or(p.idName, "ClientID"), secretField: or(p.secretName, "ClientSecret"),
	}
	if _, err := made.Exchange(ctx, k, social.CodeExchange{Code: "c", Verifier: "v", RedirectURI: "https://app.example.com/callback"}); err != nil {
		return facts{}, fmt.Errorf("%s: %w", p.id, err)
	}
	exchange := f.last()
	_, out.token, _ = strings.Cut(exchange.at, " ")
	_, _, out.basic = (&http.Request{Header: exchange.header}).BasicAuth()
	documents := documentsOf(p)
	for _, d := range documents {
		out.sources = append(out.sources, d.source)
	}
	for _, a := range attributes {
		out.mapping = append(out.mapping, row{a.name, origin(ctx, p, documents, a)})
	}
	if profile := profileOf(ctx, p, documents); profile != nil {
		for _, name := range sortedKeys(profile.Fields) {
			field := attribute{name, func(p *social.Profile) string { return social.Subject(p.Fields[name]) }}
			out.mapping = append(out.mapping, row{name, origin(ctx, p, documents, field)})
		}
	}
	return out, out.readSource(filepath.Join(root, "providers", p.id, p.id+".go"))
}

// readSource reads the name for people and the options from the code.
func (f *facts) readSource(file string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("read the options: %w", err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			if structure, ok := n.Type.(*ast.StructType); ok && n.Name.Name == "Options" {
				f.readOptions(structure)
			}
		case *ast.KeyValueExpr:
			key, _ := n.Key.(*ast.Ident)
			value, ok := n.Value.(*ast.BasicLit)
			if ok && key != nil && key.Name == "Name" && f.name == "" {
				f.name = strings.Trim(value.Value, `"`)
			}
		}
		return true
	})
	return nil
}

func (f *facts) readOptions(structure *ast.StructType) {
	for _, field := range structure.Fields.List {
		kind := kindOf(field.Type)
		for _, name := range field.Names {
			switch name.Name {
			case f.idField, f.secretField, "Scopes":
				continue
			}
			f.options = append(f.options, option{name.Name, kind, strings.Join(strings.Fields(field.Doc.Text()), " ")})
		}
	}
}

func kindOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.ArrayType:
		return "[]" + kindOf(e.Elt)
	case *ast.StarExpr:
		return "*" + kindOf(e.X)
	case *ast.SelectorExpr:
		return kindOf(e.X) + "." + e.Sel.Name
	}
	return ""
}

const generated = "<!-- Written by `make provider-pages` from the code and the catalogue in internal/providerpages. -->\n"

// page returns the page of a provider.
func page(p provider, f facts) string {
	var b strings.Builder
	write := func(format string, arguments ...any) { fmt.Fprintf(&b, format, arguments...) }
	write("# Sign in with %s\n\n%s\n", f.name, generated)
	write("1. Register an application: %s.\n", where(p))
	write("2. Enter the callback address there: your base URL with `/callback/%s`, for example\n   `https://app.example.com/api/auth/callback/%s`.\n", p.id, p.id)
	write("3. Give Ostiary the credentials:\n\n```go\nimport (\n\t\"github.com/ostiary/ostiary/features/social\"\n\t\"github.com/ostiary/ostiary/providers/%s\"\n)\n\n", p.id)
	write("social.New(social.Options{Providers: []social.Provider{\n\t%s.New(%s.Options{\n", p.id, p.id)
	variable := strings.ToUpper(p.id)
	write("%s", aligned("\t\t", append([]string{
		f.idField + `: os.Getenv("` + variable + `_CLIENT_ID")`,
		f.secretField + `: os.Getenv("` + variable + `_CLIENT_SECRET")`,
	}, p.required...)))
	write("\t}),\n}})\n```\n\n")
	write("Or, in the [configuration file](../configuration.md#social-sign-in) of the server, with the secret in\n`OSTIARY_SOCIAL_%s_CLIENT_SECRET`:\n\n```yaml\nsocialProviders:\n  %s:\n    %s: the-client-id\n", variable, p.id, or(p.idKey, "clientId"))
	for _, key := range p.keys {
		write("    %s\n", key)
	}
	write("```\n\n4. In the browser:\n\n```js\nawait authClient.signIn.social({ provider: %q, callbackURL: \"/dashboard\" })\n```\n\n", p.id)

	write("## What is sent\n\n| | |\n| --- | --- |\n| authorisation | `%s` |\n", f.authorize)
	write("| default scopes | %s |\n| PKCE | %s |\n", codes(f.scopes, "none"), choose(f.pkce, "S256", "not with this provider"))
	write("| tokens | `https://%s`, %s |\n", f.token, credentialsOf(p, f))
	write("| refresh | %s |\n| ID tokens of clients | %s |\n", choose(f.refreshes, "yes", "not offered"), choose(f.idTokens, "verified and accepted", "not offered"))
	write("\n## What is read\n\nFrom %s:\n\n| of the user | from |\n| --- | --- |\n", codes(f.sources, ""))
	for _, r := range f.mapping {
		if r.name == "emailVerified" && r.text == "–" {
			r.text = "never: the provider does not say"
		}
		write("| %s | %s |\n", r.name, r.text)
	}
	if len(f.options) > 0 {
		write("\n## Options of its own\n\n| field | type | meaning |\n| --- | --- | --- |\n")
		for _, o := range f.options {
			write("| `%s` | `%s` | %s |\n", o.name, o.kind, o.doc)
		}
	}
	if len(p.notes) > 0 {
		write("\n## Good to know\n\n")
		for _, note := range p.notes {
			write("- %s\n", note)
		}
	}
	write("\nEvery provider has [scopes, prompts, sign-up rules and mappings](../social.md#providers) as well.\n")
	return b.String()
}

func where(p provider) string {
	if p.consoleURL == "" {
		return p.console
	}
	return "[" + p.console + "](" + p.consoleURL + ")"
}

// aligned returns fields of a struct as gofmt would write them.
func aligned(indent string, fields []string) string {
	longest := 0
	for _, field := range fields {
		name, _, _ := strings.Cut(field, ": ")
		longest = max(longest, len(name))
	}
	var b strings.Builder
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		fmt.Fprintf(&b, "%s%-*s %s,\n", indent, longest+1, name+":", value)
	}
	return b.String()
}

func credentialsOf(p provider, f facts) string {
	switch {
	case p.id == "wechat":
		return "credentials in the query"
	case f.basic:
		return "credentials in the header"
	}
	return "credentials in the body"
}

func codes(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return "`" + strings.Join(list, "`, `") + "`"
}

func choose(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// covered are the tests of this package that run for every provider, in the
// order of the columns of the matrix.
var covered = []struct{ column, test string }{
	{"authorisation URL", "TestAuthorizationURL"},
	{"token exchange", "TestTokenExchange"},
	{"refresh", "TestRefresh"},
	{"ID token flow", "TestIDTokenFlow"},
	{"mapping", "TestMapping"},
}

// index returns the page that lists the providers.
func index(all []provider, found []facts) string {
	var b strings.Builder
	b.WriteString("# Providers\n\n" + generated + "\n")
	b.WriteString("[Social sign-in](../social.md) is what they have in common; [your own](your-own.md) takes ten lines.\n\n")
	b.WriteString("Each cell names the test that covers it, in `internal/providerpages`; `make provider-tests` runs them all.\n\n| provider |")
	for _, c := range covered {
		b.WriteString(" " + c.column + " |")
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(covered)) + "\n")
	for i, p := range all {
		fmt.Fprintf(&b, "| [%s](%s.md) |", found[i].name, p.id)
		for _, c := range covered {
			text := ""
			if c.test == "TestRefresh" && !found[i].refreshes || c.test == "TestIDTokenFlow" && !found[i].idTokens {
				text = "not offered: "
			}
			fmt.Fprintf(&b, " %s`%s/%s` |", text, c.test, p.id)
		}
		b.WriteString("\n")
	}
	return b.String()
}
