package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

func TestPagesAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	all, err := pages(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "docs", "providers")
	for name, want := range all {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Errorf("%v: run make provider-pages", err)
			continue
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("docs/providers/%s is old, run make provider-pages:\n%s", name, diff)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, known := all[e.Name()]; !known && e.Name() != "your-own.md" {
			t.Errorf("docs/providers/%s is about no provider", e.Name())
		}
	}
}

// The list of providers names tests, so these must exist and run for each of them.
func TestMatrixNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	parsed, err := parser.ParseFile(token.NewFileSet(), "providers_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	runsForAll := map[string]bool{}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || len(f.Body.List) == 0 {
			continue
		}
		statement, _ := f.Body.List[0].(*ast.ExprStmt)
		if statement == nil {
			continue
		}
		call, _ := statement.X.(*ast.CallExpr)
		if call == nil {
			continue
		}
		name, _ := call.Fun.(*ast.Ident)
		runsForAll[f.Name.Name] = name != nil && name.Name == "each"
	}
	for _, c := range covered {
		if !runsForAll[c.test] {
			t.Errorf("%s does not run for each provider", c.test)
		}
	}
}

// Whoever reads a page has to find what the code says.
func TestPagesTellWhatMatters(t *testing.T) {
	t.Parallel()
	all, err := pages(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for name, texts := range map[string][]string{
		"github.md":    {"# Sign in with GitHub", "/callback/github", "`read:user`, `user:email`", "| name | `name`, else `login` |", "| PKCE | S256 |", "| ID tokens of clients | not offered |"},
		"notion.md":    {"| default scopes | none |", "credentials in the header", "| PKCE | not with this provider |"},
		"vercel.md":    {"| refresh | not offered |"},
		"reddit.md":    {"a placeholder with `id`", "| `Duration` | `string` |", "never: the provider does not say"},
		"facebook.md":  {"`data.user_id` and `id` of", "verified and accepted"},
		"vk.md":        {"| birthday | `user.birthday` |"},
		"tiktok.md":    {`ClientKey:    os.Getenv("TIKTOK_CLIENT_ID"),`},
		"cognito.md":   {`UserPoolID:   "eu-west-1_Example",`},
		"README.md":    {"| [GitHub](github.md) | `TestAuthorizationURL/github` |", "not offered: `TestRefresh/vercel`"},
		"microsoft.md": {"| identity | `oid` |"},
	} {
		for _, text := range texts {
			if !strings.Contains(all[name], text) {
				t.Errorf("%s does not say %q", name, text)
			}
		}
	}
}

// The code of the page about one's own provider is an example that is compiled
// and run.
func TestPageAboutOnesOwnHasTheExample(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile(filepath.Join(root, "features", "social", "example_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "providers", "your-own.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, code, found := strings.Cut(string(page), "```go\n")
	code, _, closed := strings.Cut(code, "```")
	if !found || !closed {
		t.Fatal("the page has no code")
	}
	indented := "\t" + strings.ReplaceAll(strings.TrimRight(code, "\n"), "\n", "\n\t") + "\n"
	if !strings.Contains(string(example), indented) {
		t.Errorf("example_test.go does not have\n%s", indented)
	}
}
