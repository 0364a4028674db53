package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// application is a Go module of a user of the library, with nothing in it yet.
type application struct {
	t   *testing.T
	dir string
	env []string
}

// newApplication makes a module that uses the library of this repository.
func newApplication(t *testing.T, files map[string]string) *application {
	t.Helper()
	library, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	above := t.TempDir()
	a := &application{t: t, dir: filepath.Join(above, "app")}
	a.write(map[string]string{
		"go.mod":     "module example.com/app\n\ngo 1.26.0\n\nrequire github.com/ostiary/ostiary v0.0.0\n",
		"../go.work": "go 1.26.0\n\nuse (\n\t./app\n\t" + library + "\n)\n\nreplace github.com/ostiary/ostiary v0.0.0 => " + library + "\n",
	})
	a.write(files)
	a.env = append(os.Environ(), "GOWORK="+filepath.Join(above, "go.work"), "GOPROXY=off", "NO_COLOR=1")
	return a
}

func (a *application) write(files map[string]string) {
	a.t.Helper()
	for name, text := range files {
		path := filepath.Join(a.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			a.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
}

// run runs the command line from outside.
func (a *application) run(args ...string) (code int, out, complaints string) {
	a.t.Helper()
	path, err := binary()
	if err != nil {
		a.t.Fatal(err)
	}
	command := exec.CommandContext(a.t.Context(), path, args...)
	command.Dir, command.Env = a.dir, a.env
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	_ = command.Run()
	return command.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// expect runs the command line and checks how it ends and what it says.
func (a *application) expect(code int, says string, args ...string) string {
	a.t.Helper()
	got, out, complaints := a.run(args...)
	if got != code || !strings.Contains(out+complaints, says) {
		a.t.Errorf("ostiary %s: exit code %d, want %d and %q:\n%s%s", strings.Join(args, " "), got, code, says, out, complaints)
	}
	return out
}

// files lists what is in the module.
func (a *application) files() []string {
	a.t.Helper()
	var list []string
	err := filepath.WalkDir(a.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, strings.TrimPrefix(path, a.dir+"/"))
		}
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return list
}

// configuration is a package that exports Auth.
const configuration = `// Package auth configures authentication.
package auth

import (
	"fmt"
	"os"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/schema"
)

func Auth() (*ostiary.Auth, error) {
	file := os.Getenv("APP_DATABASE")
	if file == "" {
		return nil, fmt.Errorf("APP_DATABASE is not set")
	}
	return ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           os.Getenv("OSTIARY_SECRET"),
		Database:         sqlite.Open(file),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		User:             ostiary.UserOptions{Fields: []schema.Field{{Name: "role", Default: "user", NoInput: true}, {Name: "team", Optional: true, Index: true}}},
	})
}
`

const variables = "# for tests\nexport APP_DATABASE=app.db\nOSTIARY_SECRET='k7Jw2mQ9xZ4vB8nL3rT6yP1sD5fG0hAa'\n"

func TestACommandWorksWithAConfigurationInGo(t *testing.T) {
	t.Parallel()
	a := newApplication(t, map[string]string{"internal/auth/auth.go": configuration, "vars": variables})
	before := a.files()
	a.expect(1, "APP_DATABASE is not set", "migrate")
	a.expect(1, "--env-file", "migrate")
	a.expect(0, `create table "user"`, "migrate", "--env-file", "vars", "--dry-run")
	a.expect(1, "nothing was changed: answer yes, or pass --yes", "migrate", "--env-file", "vars")
	a.expect(3, "Run `ostiary migrate`", "doctor", "--env-file", "vars")

	var plan struct {
		Applied    bool
		Statements []struct{ SQL, Table string }
		Refused    []any
	}
	a.decode(&plan, 0, "migrate", "--env-file", "vars", "--json")
	if plan.Applied || len(plan.Statements) < 7 || plan.Statements[0].Table != "user" {
		t.Errorf("%+v", plan)
	}
	a.decode(&plan, 0, "migrate", "--env-file", "vars", "--json", "--yes")
	if !plan.Applied {
		t.Errorf("%+v", plan)
	}
	a.expect(0, "nothing to do", "migrate", "--env-file", "vars")
	a.expect(0, "hint:", "doctor", "--env-file", "vars")
	a.expect(0, "nothing to write", "generate", "--env-file", "vars")

	var described struct {
		Ostiary struct{ From string }
		Config  map[string]any
		Methods []string
	}
	text := a.decode(&described, 0, "info", "--env-file", "vars", "--json")
	if described.Ostiary.From != "./internal/auth (Auth)" || !slices.Equal(described.Methods, []string{"email"}) || described.Config["Secret"] != "[redacted]" || strings.Contains(text, "k7Jw2mQ9") {
		t.Errorf("%+v", described)
	}

	a.env = append(a.env, "OSTIARY_ADMIN_PASSWORD=correct horse")
	var created struct{ ID, Email, Role string }
	a.decode(&created, 0, "create-admin", "--env-file", "vars", "--email", "Root@Example.com", "--json", "--data", `{"team":"blue"}`)
	if created.ID == "" || created.Email != "root@example.com" || created.Role != "admin" {
		t.Errorf("%+v", created)
	}
	a.expect(1, "Found 1 user", "create-admin", "--env-file", "vars", "--email", "b@example.com")
	a.expect(1, "there is a user with the address root@example.com", "create-admin", "--env-file", "vars", "--email", "root@example.com", "--force")
	a.expect(1, "no e-mail address", "create-admin", "--env-file", "vars", "--email", "nonsense", "--force")
	a.expect(1, `users have no field "colour"`, "create-admin", "--env-file", "vars", "--email", "c@example.com", "--force", "--data", `{"colour":"red"}`)

	want := append(slices.Clone(before), "app.db")
	slices.Sort(want)
	got := slices.DeleteFunc(a.files(), func(name string) bool { return strings.HasPrefix(name, "app.db-") })
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}

// decode runs a command that writes JSON.
func (a *application) decode(into any, code int, args ...string) string {
	a.t.Helper()
	got, out, complaints := a.run(args...)
	if err := json.Unmarshal([]byte(out), into); err != nil || got != code {
		a.t.Fatalf("ostiary %s: exit code %d, %v:\n%s%s", strings.Join(args, " "), got, err, out, complaints)
	}
	return out
}

func TestProblemsOfAConfigurationInGoAreExplained(t *testing.T) {
	t.Parallel()
	head, _, _ := strings.Cut(configuration, "func Auth")
	options := strings.ReplaceAll(head, "\t\"fmt\"\n", "")
	for name, test := range map[string]struct {
		files map[string]string
		args  []string
		code  int
		says  string
	}{
		"it does not compile":          {map[string]string{"auth/auth.go": configuration + "var broken int = \"text\"\n"}, nil, 1, "./auth/auth.go:27:18: cannot use"},
		"it does not parse":            {map[string]string{"auth/auth.go": configuration + "func ("}, []string{"--config", "./auth"}, 1, "./auth does not compile:"},
		"it exports nothing":           {map[string]string{"auth/auth.go": strings.ReplaceAll(configuration, "func Auth", "func New")}, []string{"--config", "./auth"}, 1, "./auth exports neither Auth nor Options.\nPut this into"},
		"it has another signature":     {map[string]string{"auth/auth.go": strings.ReplaceAll(configuration, "func Auth()", "func Auth(file string)")}, []string{"--config", "./auth"}, 1, "./auth has func Auth(file string) (*ostiary.Auth, error), which does not give a configuration"},
		"it is a program":              {map[string]string{"auth/auth.go": strings.ReplaceAll(configuration, "package auth", "package main")}, []string{"--config", "./auth"}, 1, "./auth is a program (package main), which nothing can import"},
		"there is none at the path":    {nil, []string{"--config", "./nowhere"}, 1, "there is no folder ./nowhere"},
		"there is none in the module":  {map[string]string{"web/web.go": strings.ReplaceAll(configuration, "func Auth", "func New")}, nil, 1, "no package of this module exports a configuration, although ./web uses the library"},
		"there are two":                {map[string]string{"one/auth.go": configuration, "two/auth.go": configuration}, nil, 1, "several packages export a configuration: ./one, ./two"},
		"it panics":                    {map[string]string{"auth/auth.go": strings.ReplaceAll(configuration, "return nil, fmt.Errorf(\"APP_DATABASE is not set\")", "panic(fmt.Sprint(\"no database\"))")}, nil, 1, "it panics: no database"},
		"it is vendored without":       {map[string]string{"auth/auth.go": configuration, "vendor/modules.txt": "# github.com/ostiary/ostiary v0.0.0\n## explicit; go 1.26.0\ngithub.com/ostiary/ostiary\n"}, nil, 1, "this module vendors its dependencies, but not the commands"},
		"an environment file is wrong": {map[string]string{"auth/auth.go": configuration, "vars": "nonsense\n"}, []string{"--env-file", "vars"}, 1, "vars:1: expected NAME=value"},
		"a database is named as well":  {map[string]string{"auth/auth.go": configuration}, []string{"--config", "./auth", "--database", "x.db"}, 1, "says itself which database it uses"},
		"it is in an odd place":        {map[string]string{"deep/down/internal/setup/auth.go": configuration, "vars": variables}, []string{"--env-file", "vars"}, 0, "create table"},
		"it gives options":             {map[string]string{"lib/auth/auth.go": options + "func Options() (o ostiary.Options) { o.Secret, o.Database, o.EmailAndPassword, o.User.Fields = os.Getenv(\"OSTIARY_SECRET\"), sqlite.Open(\"o.db\"), emailpassword.Options{}, []schema.Field(nil); return o }\n", "vars": variables}, []string{"--env-file", "vars"}, 0, "create table"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApplication(t, test.files)
			before := a.files()
			if name == "it is vendored without" {
				a.env = append(a.env, "GOWORK=off", "GOFLAGS=-mod=vendor")
			}
			a.expect(test.code, test.says, append([]string{"migrate", "--dry-run"}, test.args...)...)
			for _, file := range a.files() {
				if !slices.Contains(before, file) && !strings.HasSuffix(file, ".db") && !strings.Contains(file, ".db-") {
					t.Errorf("it left %s", file)
				}
			}
		})
	}
}

func TestOutsideOfAModuleTheDevelopmentServerIsMeant(t *testing.T) {
	t.Parallel()
	a := &application{t: t, dir: t.TempDir(), env: append(os.Environ(), "GOWORK=off")}
	a.expect(0, `create table "user"`, "migrate", "--yes")
	if files := a.files(); !slices.Contains(files, "ostiary.db") {
		t.Errorf("%v", files)
	}
	a.expect(0, "development server", "info")
	a.expect(0, "Wrote schema.sql", "generate", "--full", "--dialect", "mysql", "-o", "schema.sql")
	a.expect(1, "schema.sql exists", "generate", "--full", "--dialect", "postgres", "-o", "schema.sql", "--json")
	a.expect(0, `"changed": true`, "generate", "--full", "--dialect", "postgres", "-o", "schema.sql", "--json", "--yes")
	a.expect(0, "up to date", "generate", "--full", "--dialect", "postgres", "-o", "schema.sql")
	a.write(map[string]string{"mine.sql": "create table mine (id int);\n"})
	a.expect(1, "was not generated", "generate", "--full", "-o", "mine.sql", "--yes")
	a.write(map[string]string{"mine.sql": "create table mine (id int);\n-- ostiary:begin\n-- ostiary:end\ncreate table last (id int);\n"})
	a.expect(0, "Wrote", "generate", "--full", "-o", "mine.sql", "--yes")
	text, err := os.ReadFile(filepath.Join(a.dir, "mine.sql"))
	if err != nil || !strings.HasPrefix(string(text), "create table mine") || !strings.HasSuffix(string(text), "-- ostiary:end\ncreate table last (id int);\n") || !strings.Contains(string(text), `create table "session"`) {
		t.Errorf("%v\n%s", err, text)
	}
	a.expect(1, "unknown target", "generate", "--target", "hibernate")
	a.expect(1, "has no mssql", "generate", "--target", "prisma", "--dialect", "mssql")
	a.expect(0, "model User", "generate", "--target", "prisma", "-o", "-")
	a.expect(0, "type User struct", "generate", "--target", "gorm", "--dialect", "postgres", "-o", "-")
}

func TestWhatInitWritesCompilesAndServes(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{
		"the least": nil,
		"everything": {
			"--method", "email,google,github,discord,facebook,gitlab,linkedin,microsoft,slack,spotify,twitch",
			"--plugin", "username,two-factor,magic-link,multi-session,bearer,jwt,openapi", "--name", "My \"shop\"",
		},
		"PostgreSQL":       {"--database", "postgres"},
		"MySQL":            {"--database", "mysql"},
		"without password": {"--method", "github", "--dir", "setup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApplication(t, nil)
			a.expect(0, "Wrote", append([]string{"init"}, flags...)...)
			a.expect(1, "nothing was written", append([]string{"init"}, flags...)...)
			build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(a.dir, "program"), ".")
			build.Dir, build.Env = a.dir, a.env
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if kind := map[string]string{"PostgreSQL": "postgres", "MySQL": "mysql"}[name]; kind != "" {
				a.write(map[string]string{".env": variables + "DATABASE_URL=" + kind + "://nobody@127.0.0.1:1/none\n"})
				a.expect(1, "The database cannot be reached", "migrate", "--env-file", ".env", "--dry-run")
				return
			}
			a.expect(0, "Done.", "migrate", "--env-file", ".env", "--yes")
			a.expect(0, "", "doctor", "--env-file", ".env")
			if info, err := os.Stat(filepath.Join(a.dir, ".env")); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v %v", info, err)
			}
			a.serves()
		})
	}
}

// serves starts the program that init has written, and waits until it answers.
func (a *application) serves() {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join(a.dir, ".env"))
	if err != nil {
		a.t.Fatal(err)
	}
	address := freeAddress(a.t)
	p := &process{t: a.t, command: exec.CommandContext(a.t.Context(), filepath.Join(a.dir, "program")), out: &buffer{}, err: &buffer{}, ended: make(chan error, 1)}
	p.command.Dir, p.command.Stdout, p.command.Stderr = a.dir, p.out, p.err
	p.command.Env = append(append(os.Environ(), strings.Fields(strings.ReplaceAll(string(text), "#", ""))...), "LISTEN="+address)
	if err := p.command.Start(); err != nil {
		a.t.Fatal(err)
	}
	go func() { p.ended <- p.command.Wait() }()
	a.t.Cleanup(func() { _ = p.command.Process.Kill() })
	p.url = "http://" + address
	eventually(a.t, "the program answers", func() bool { return p.status("/api/auth/ok") == 200 }, p.err)
	if status := p.status("/me"); status != 401 {
		a.t.Errorf("/me answers %d to nobody", status)
	}
	if err := p.end(); err != nil {
		a.t.Errorf("%v\n%s", err, p.err)
	}
}

func TestInitWritesAServer(t *testing.T) {
	t.Parallel()
	a := &application{t: t, dir: t.TempDir(), env: append(os.Environ(), "GOWORK=off")}
	a.expect(1, "goes with --kind go", "init", "--plugin", "jwt")
	a.expect(1, `"oracle" is not possible; use one of sqlite, postgres, mysql`, "init", "--database", "oracle")
	a.expect(0, "Wrote ostiary.yaml, .env", "init", "--method", "email,google,github")
	a.expect(0, "Done.", "migrate", "--config", "ostiary.yaml", "--env-file", ".env", "--yes")
	var report struct {
		Healthy bool
		Risks   []struct{ Severity, Text string }
	}
	a.decode(&report, 0, "doctor", "--config", "ostiary.yaml", "--env-file", ".env", "--json")
	if !report.Healthy || len(report.Risks) == 0 {
		t.Errorf("%+v", report)
	}
	text := a.expect(0, "socialProviders", "info", "--config", "ostiary.yaml", "--env-file", ".env")
	secrets, err := os.ReadFile(filepath.Join(a.dir, ".env"))
	if err != nil || strings.Contains(text, strings.TrimSpace(strings.Split(string(secrets), "OSTIARY_SECRET=")[1])[:64]) {
		t.Errorf("%v: the secret is printed:\n%s", err, text)
	}
	a.env = append(a.env, "OSTIARY_ADMIN_PASSWORD=correct horse")
	a.expect(1, "--no-role", "create-admin", "--config", "ostiary.yaml", "--env-file", ".env", "--email", "a@example.com")
	a.expect(0, "The user was created", "create-admin", "--config", "ostiary.yaml", "--env-file", ".env", "--email", "a@example.com", "--no-role")

	address := freeAddress(t)
	file := filepath.Join(a.dir, "ostiary.yaml")
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a.write(map[string]string{"ostiary.yaml": strings.ReplaceAll(string(written), "localhost:3000", address)})
	p := serve(t, a.dir, "--config", file, "--env-file", filepath.Join(a.dir, ".env"))
	if status, body := send(t, browser(t), "POST", p.url+"/api/auth/sign-in/email", `{"email":"a@example.com","password":"correct horse"}`); status != 200 || !strings.Contains(body, `"emailVerified":true`) {
		t.Errorf("the user cannot sign in: %d %s", status, body)
	}
	if err := p.end(); err != nil {
		t.Errorf("%v\n%s", err, p.err)
	}
}

func TestWhatIsRefusedIsExplained(t *testing.T) {
	t.Parallel()
	a := newApplication(t, map[string]string{"auth/auth.go": configuration, "vars": variables})
	a.expect(0, "Done.", "migrate", "--env-file", "vars", "--yes")
	a.env = append(a.env, "OSTIARY_ADMIN_PASSWORD=correct horse")
	a.expect(0, "created", "create-admin", "--env-file", "vars", "--email", "a@example.com")
	a.write(map[string]string{"auth/auth.go": strings.Replace(configuration, `{Name: "team"`, `{Name: "country"}, {Name: "team"`, 1)})
	out := a.expect(3, "1 change is left to you", "migrate", "--env-file", "vars", "--yes")
	for _, want := range []string{`Column "country" of table "user" is missing and required`, `By hand: alter table "user" add column "country" text; update "user" set "country" = …;`} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing about %s:\n%s", want, out)
		}
	}
	a.expect(3, "serious", "doctor", "--env-file", "vars")
	a.expect(0, "THIS SCRIPT IS NOT ALL", "generate", "--env-file", "vars", "-o", "-")
}
