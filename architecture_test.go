package ostiary_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/ostiary/ostiary"

// A room holds packages of one purpose. The rooms stand from the top of the
// house to its foundations: a package may import those of the rooms below its
// own, and nothing above.
type room struct {
	name string
	// packages are paths in the repository; "database/..." is everything below
	// database, without database itself. A package lives in the first room that
	// names it.
	packages []string
	// open rooms let their packages import each other. In the others, packages
	// of different folders know nothing of each other.
	open bool
}

var rooms = []room{
	{name: "programs", packages: []string{"cmd/ostiary", "cmd/ostiary/...", "conformance/server", "e2e", "e2e/...", "examples", "examples/...", "internal/providerpages"}, open: true},
	{name: "server", packages: []string{"server", "server/..."}, open: true},
	{name: "commands", packages: []string{"runner"}},
	{name: "support for tests", packages: []string{"ostiarytest", "plugins/internal/plugintest"}},
	{name: "assembly", packages: []string{"."}},
	{name: "plugins", packages: []string{"plugins/..."}},
	{name: "providers", packages: []string{"providers/..."}},
	{name: "features", packages: []string{"features/..."}, open: true},
	{name: "hooks", packages: []string{"hooks"}},
	{name: "kernel", packages: []string{"core"}},
	{name: "suite for storages", packages: []string{"storage/storagetest"}},
	{name: "storages", packages: []string{"storage/..."}},
	{name: "suites for adapters", packages: []string{"database/databasetest", "internal/pointread"}},
	{name: "suites for channels", packages: []string{"broadcast/broadcasttest"}},
	{name: "object mappers", packages: []string{"database/gorm"}},
	{name: "databases", packages: []string{"database/..."}},
	{name: "SQLite", packages: []string{"internal/sqlitedialect"}},
	{name: "SQL adapter", packages: []string{"internal/sqldb"}},
	{name: "generators", packages: []string{"internal/generate"}},
	{name: "definitions of tables", packages: []string{"internal/definition"}},
	{name: "migrations", packages: []string{"migrate"}},
	{name: "storage contract", packages: []string{"storage"}},
	{name: "database contract", packages: []string{"database"}},
	{name: "schema", packages: []string{"schema"}},
	{name: "mail transports", packages: []string{"mail/..."}},
	{name: "mail", packages: []string{"mail"}},
	{name: "channels between nodes", packages: []string{"broadcast"}},
	{name: "passwords", packages: []string{"password"}},
	{name: "wire types", packages: []string{"api"}},
	{name: "routes", packages: []string{"route"}},
	{name: "foundations", packages: []string{"internal/..."}, open: true},
}

// kernelLibraries are what every package may import besides the standard
// library, and all that a package may need, directly or not, unless
// roomLibraries gives it more. So a driver never reaches a program that does not
// import the package for it.
var kernelLibraries = []string{
	"github.com/go-jose/go-jose/v4",
	"golang.org/x/crypto",
	"golang.org/x/text/unicode/norm",
}

// roomLibraries are further libraries, by the folder whose packages may import
// them. docs/dependencies.md gives the reasons.
var roomLibraries = map[string][]string{
	"database/databasetest":       {"github.com/google/go-cmp"},
	"database/gorm":               {"github.com/go-sql-driver/mysql", "github.com/jackc/pgx/v5", "gorm.io/gorm"},
	"database/mongo":              {"go.mongodb.org/mongo-driver/v2"},
	"database/mssql":              {"github.com/microsoft/go-mssqldb"},
	"database/mysql":              {"github.com/go-sql-driver/mysql"},
	"database/postgres":           {"github.com/jackc/pgx/v5"},
	"database/sqlite":             {"modernc.org/sqlite"},
	"internal/scrypt":             {"golang.org/x/sys/cpu"},
	"internal/scrypt/asm":         {"github.com/mmcloughlin/avo"},
	"internal/testservice":        {"github.com/go-sql-driver/mysql", "github.com/jackc/pgx/v5"},
	"mail/smtp":                   {"github.com/wneessen/go-mail"},
	"storage/redis":               {"github.com/redis/rueidis"},
	"conformance/server":          {"github.com/jackc/pgx/v5", "github.com/redis/rueidis"},
	"server":                      {"github.com/BurntSushi/toml", "github.com/goccy/go-yaml"},
	"cmd/ostiary":                 {"charm.land/huh/v2", "github.com/alecthomas/kong", "golang.org/x/term"},
	"e2e":                         {"github.com/chromedp"},
	"e2e/growth":                  {"github.com/jackc/pgx/v5", "modernc.org/sqlite"},
	"examples":                    {"github.com/gin-gonic/gin", "github.com/google/go-cmp", "github.com/go-chi/chi/v5", "github.com/gofiber/fiber/v3", "github.com/labstack/echo/v4"},
	"plugins/internal/plugintest": {}, // opens databases
}

// supportingModules are those that kernelLibraries need themselves.
var supportingModules = []string{"golang.org/x/sys", "golang.org/x/text"}

// meaninglessNames say nothing about what a package provides.
var meaninglessNames = []string{"base", "common", "helper", "helpers", "interfaces", "misc", "models", "shared", "types", "util", "utils"}

// permittedState are variables that change although they belong to a package.
var permittedState = map[string]string{
	"schema.shapes": "a struct type is reflected on once per process, as in encoding/json; nobody can see the difference",
}

// goPackage is what `go list` says about a package.
type goPackage struct {
	Dir, ImportPath, Name, Doc string
	Standard                   bool
	Module                     *struct{ Path string }
	GoFiles, Imports, Deps     []string
}

// folder is the package's path in the repository.
func (p goPackage) folder() string { return folderOf(p.ImportPath) }

func folderOf(importPath string) string {
	if importPath == modulePath {
		return "."
	}
	return strings.TrimPrefix(importPath, modulePath+"/")
}

func isOurs(importPath string) bool {
	return importPath == modulePath || strings.HasPrefix(importPath, modulePath+"/")
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	t.Run("every package lives in a room, and every room is lived in", func(t *testing.T) {
		t.Parallel()
		lived := map[string]bool{}
		for _, p := range ours(packages) {
			at := roomOf(p.folder())
			if at < 0 {
				t.Errorf("%s is in no room: give it one in the table", p.folder())
				continue
			}
			lived[rooms[at].name] = true
		}
		for _, r := range rooms {
			if !lived[r.name] {
				t.Errorf("room %q has no packages: remove it from the table", r.name)
			}
		}
	})
	t.Run("imports go downwards", func(t *testing.T) {
		t.Parallel()
		for _, p := range ours(packages) {
			for _, imported := range p.Imports {
				if isOurs(imported) && !mayImport(p.folder(), folderOf(imported)) {
					t.Errorf("%s must not import %s", p.folder(), folderOf(imported))
				}
			}
		}
	})
	t.Run("libraries are imported only where they may be", func(t *testing.T) {
		t.Parallel()
		for _, p := range ours(packages) {
			allowed, _ := librariesOf(p.folder())
			for _, imported := range p.Imports {
				if isLibrary(packages, imported) && !slices.ContainsFunc(allowed, func(library string) bool { return isWithin(imported, library) }) {
					t.Errorf("%s must not import %s", p.folder(), imported)
				}
			}
		}
	})
	t.Run("heavy dependencies reach nobody who did not ask", func(t *testing.T) {
		t.Parallel()
		for _, p := range ours(packages) {
			if _, more := librariesOf(p.folder()); more || p.Name == "main" {
				continue
			}
			for _, needed := range p.Deps {
				if isLibrary(packages, needed) && !isLight(packages[needed]) {
					t.Errorf("%s needs %s", p.folder(), needed)
				}
			}
		}
	})
	t.Run("the kernel needs no template engine, with which the linker keeps every method of a program", func(t *testing.T) {
		t.Parallel()
		for _, needed := range packages[modulePath].Deps {
			if needed == "text/template" {
				t.Errorf("%s needs %s", modulePath, needed)
			}
		}
	})
	t.Run("every library is justified in docs/dependencies.md", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile("docs/dependencies.md")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ours(packages) {
			for _, imported := range p.Imports {
				module := packages[imported].Module
				if p.Module.Path == modulePath && isLibrary(packages, imported) && !strings.Contains(string(text), "| "+module.Path+" |") {
					t.Errorf("%s imports %s, which has no row", p.folder(), module.Path)
				}
			}
		}
	})
	t.Run("packages are named for what they provide", func(t *testing.T) {
		t.Parallel()
		for _, p := range ours(packages) {
			for _, element := range append(strings.Split(p.folder(), "/"), p.Name) {
				if slices.Contains(meaninglessNames, element) {
					t.Errorf("%s: the name %q says nothing", p.folder(), element)
				}
			}
		}
	})
	t.Run("every package says what it is for", func(t *testing.T) {
		t.Parallel()
		for _, p := range ours(packages) {
			want := "Package " + p.Name + " "
			if p.Name == "main" {
				want = "Command "
			}
			if !strings.HasPrefix(p.Doc, want) {
				t.Errorf("%s: its comment begins %q, want %q", p.folder(), p.Doc, want+"…")
			}
		}
	})
	t.Run("packages have no init functions and no state", func(t *testing.T) {
		t.Parallel()
		for _, p := range ours(packages) {
			for _, problem := range stateOf(t, p) {
				t.Errorf("%s", problem)
			}
		}
	})
}

// A module with a replace line cannot be installed with `go install …@latest`.
// The workspace ties the modules together instead.
func TestArchitecture_no_module_replaces_another(t *testing.T) {
	t.Parallel()
	for _, dir := range moduleDirs(t) {
		file := filepath.Join(dir, "go.mod")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?m)^replace\b`).Match(text) {
			t.Errorf("%s has a replace line", file)
		}
	}
}

func TestArchitecture_test_notices_violations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		importer, imported string
		want               bool
	}{
		{".", "core", true},
		{"core", ".", false},
		{"core", "features/session", false},
		{"core", "database/memory", true},
		{"database", "database/sqlite", false},
		{"database/sqlite", "database/memory", false},
		{"features/user", "features/emailpassword", true},
		{"features/user", "server", false},
		{"plugins/twofactor", "plugins/username", false},
		{"plugins/sso/saml", "plugins/sso", true},
		{"plugins/twofactor", "features/emailpassword", true},
		{"internal/secret", "internal/jstext", true},
		{"internal/secret", "core", false},
		{"server", "cmd/ostiary", false},
		{"cmd/ostiary", "server", true},
		{"core", "nowhere", false},
	} {
		if got := mayImport(test.importer, test.imported); got != test.want {
			t.Errorf("%s may import %s: %t, want %t", test.importer, test.imported, got, test.want)
		}
	}

	dir := t.TempDir()
	source := `package p
var table = map[string]int{}
var count, total int
var shared sync.Mutex
func init() {}
func f() { table["a"] = 1; count++; delete(table, "b"); http.DefaultClient = nil; { count := 1; count++; _ = count } }
func g() { for total = range 3 {} }
`
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	got := stateOf(t, goPackage{Dir: dir, GoFiles: []string{"p.go"}})
	if len(got) != 6 {
		t.Errorf("found %d problems, want 6:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// roomOf returns the place of a folder's room, or -1.
func roomOf(folder string) int {
	return slices.IndexFunc(rooms, func(r room) bool {
		return slices.ContainsFunc(r.packages, func(pattern string) bool {
			if above, tree := strings.CutSuffix(pattern, "/..."); tree {
				return strings.HasPrefix(folder, above+"/")
			}
			return folder == pattern
		})
	})
}

func mayImport(importer, imported string) bool {
	from, to := roomOf(importer), roomOf(imported)
	if from < 0 || to < 0 || from > to {
		return false
	}
	return from < to || rooms[from].open || unit(importer) == unit(imported)
}

// unit is the folder of a plugin, an adapter or the like, for all below it:
// "plugins/sso" of "plugins/sso/saml".
func unit(folder string) string {
	parts := strings.SplitN(folder, "/", 3)
	return path.Join(parts[:min(2, len(parts))]...)
}

// librariesOf returns what the packages of a folder may import, and whether that
// is more than the kernel's.
func librariesOf(folder string) (libraries []string, more bool) {
	for above := folder; above != "."; above = path.Dir(above) {
		if further, ok := roomLibraries[above]; ok {
			return append(slices.Clone(kernelLibraries), further...), true
		}
	}
	return kernelLibraries, false
}

func isLibrary(packages map[string]goPackage, importPath string) bool {
	return !isOurs(importPath) && !packages[importPath].Standard
}

func isLight(p goPackage) bool {
	return slices.ContainsFunc(append(slices.Clone(kernelLibraries), supportingModules...), func(library string) bool { return isWithin(p.ImportPath, library) })
}

func isWithin(importPath, above string) bool {
	return importPath == above || strings.HasPrefix(importPath, above+"/")
}

// ours are the packages of this repository.
func ours(packages map[string]goPackage) []goPackage {
	var list []goPackage
	for importPath, p := range packages {
		if isOurs(importPath) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b goPackage) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return list
}

// listPackages returns the packages of all modules of the workspace, and what
// they import, by import path.
func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	arguments := []string{"list", "-e", "-deps", "-json=Dir,ImportPath,Name,Doc,Standard,Module,GoFiles,Imports,Deps"}
	for _, dir := range moduleDirs(t) {
		arguments = append(arguments, dir+"/...")
	}
	decoder := json.NewDecoder(strings.NewReader(goCommand(t, arguments...)))
	packages := map[string]goPackage{}
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("decode the answer of go list: %v", err)
		}
		if isOurs(p.ImportPath) && len(p.GoFiles) == 0 {
			continue // tests only
		}
		packages[p.ImportPath] = p
	}
	if _, ok := packages[modulePath]; !ok {
		t.Fatalf("go list does not know %s", modulePath)
	}
	return packages
}

func moduleDirs(t *testing.T) []string {
	t.Helper()
	return strings.Fields(goCommand(t, "list", "-m", "-f", "{{.Dir}}"))
}

func goCommand(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", arguments...)
	var complaints strings.Builder
	command.Stderr = &complaints
	answer, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(arguments[:2], " "), err, complaints.String())
	}
	return string(answer)
}

// stateOf finds what makes a package more than its functions: init functions,
// and variables that change.
func stateOf(t *testing.T, p goPackage) []string {
	t.Helper()
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	// Imports stay unknown: what the names of this package mean is enough.
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	checker := types.Config{Error: func(error) {}, Importer: noImports{}}
	checked, _ := checker.Check(p.ImportPath, files, parsed, info) // its errors are about the imports

	s := &stateFinder{folder: p.folder(), files: files, scope: checked.Scope(), uses: info.Uses}
	for _, file := range parsed {
		for _, declaration := range file.Decls {
			s.declaration(declaration)
		}
	}
	return s.found
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not imported") }

type stateFinder struct {
	folder string
	files  *token.FileSet
	scope  *types.Scope
	uses   map[*ast.Ident]types.Object
	found  []string
}

func (s *stateFinder) report(at ast.Node, problem string) {
	position := s.files.Position(at.Pos())
	s.found = append(s.found, position.String()+": "+problem)
}

func (s *stateFinder) declaration(declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.Name == "init" {
			s.report(d, "init function")
		}
		ast.Inspect(d, s.changes)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if ok && s.isMutable(v) && permittedState[s.folder+"."+v.Names[0].Name] == "" {
				s.report(v, "a lock, a map for many writers or an atomic value, shared by the whole package")
			}
		}
	}
}

var mutableType = regexp.MustCompile(`^(sync\.(Mutex|RWMutex|Map|Once|WaitGroup)|atomic\.\w+)$`)

func (s *stateFinder) isMutable(v *ast.ValueSpec) bool {
	declared := []ast.Expr{v.Type}
	for _, value := range v.Values {
		if address, ok := value.(*ast.UnaryExpr); ok {
			value = address.X
		}
		if literal, ok := value.(*ast.CompositeLit); ok {
			declared = append(declared, literal.Type)
		}
	}
	return slices.ContainsFunc(declared, func(e ast.Expr) bool {
		return e != nil && mutableType.MatchString(types.ExprString(e))
	})
}

// changes reports statements that change a package's variable.
func (s *stateFinder) changes(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, target := range n.Lhs {
			s.change(target)
		}
	case *ast.IncDecStmt:
		s.change(n.X)
	case *ast.RangeStmt:
		s.change(n.Key)
		s.change(n.Value)
	case *ast.CallExpr:
		if name, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"delete", "clear", "copy"}, name.Name) && len(n.Args) > 0 {
			s.change(n.Args[0])
		}
	}
	return true
}

func (s *stateFinder) change(target ast.Expr) {
	switch e := target.(type) {
	case *ast.IndexExpr:
		s.change(e.X)
	case *ast.SliceExpr:
		s.change(e.X)
	case *ast.StarExpr:
		s.change(e.X)
	case *ast.ParenExpr:
		s.change(e.X)
	case *ast.SelectorExpr:
		s.change(e.X)
	case *ast.Ident:
		switch object := s.uses[e].(type) {
		case *types.PkgName:
			s.report(e, "a variable of package "+object.Name()+" is changed")
		case *types.Var:
			if object.Parent() == s.scope {
				s.report(e, object.Name()+" belongs to the whole package and is changed")
			}
		}
	}
}
