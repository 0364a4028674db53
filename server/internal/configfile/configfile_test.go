package configfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/server/internal/configfile"
)

type config struct {
	Name     string                  `key:"name"`
	Count    int                     `key:"count" min:"2" max:"9"`
	Age      time.Duration           `key:"age" min:"1"`
	On       *bool                   `key:"on"`
	Tags     []string                `key:"tags"`
	Columns  map[string]string       `key:"columns"`
	Kind     string                  `key:"kind" oneOf:"small,large,huge"`
	Inner    inner                   `key:"inner"`
	List     []inner                 `key:"list"`
	Named    configfile.Named[inner] `key:"named"`
	Either   either                  `key:"either"`
	Optional *inner                  `key:"optional"`
}

type inner struct {
	Depth    int    `key:"depth"`
	Expiry   string `key:"expiry"`
	Internal string
}

// either is a switch or a group.
type either struct {
	On    bool
	Group inner
}

func (e *either) Shape() any { return &e.Group }

func (e *either) DecodeConfig(p configfile.Place) {
	switch {
	case p.Scalar() == true:
		e.On = true
	case p.IsGroup():
		p.Into(&e.Group)
	default:
		p.Problem("expected true or a group")
	}
}

func TestTheThreeLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"c.yaml": `
# a comment
name: Acme
count: 3
age: 1.5
on: false
tags: [a, b]
columns: {z: "1", y: "2"}
kind: large
inner: &x
  depth: 4
list:
  - expiry: soon
  - *x
named:
  second: {depth: 2}
  first: {depth: 1}
either: {depth: 7}
optional:
`,
		"c.json": `{
  "name": "Acme", "count": 3, "age": 1.5, "on": false, "tags": ["a", "b"],
  "columns": {"z": "1", "y": "2"}, "kind": "large", "inner": {"depth": 4},
  "list": [{"expiry": "soon"}, {"depth": 4}],
  "named": {"second": {"depth": 2}, "first": {"depth": 1}},
  "either": {"depth": 7}, "optional": null
}`,
		"c.toml": `
name = "Acme"
count = 3
age = 1.5
on = false
tags = ["a", "b"]
columns = {z = "1", y = "2"}
kind = "large"
list = [{expiry = "soon"}, {depth = 4}]
[inner]
depth = 4
[named.second]
depth = 2
[named.first]
depth = 1
[either]
depth = 7
`,
	}
	want := config{
		Name: "Acme", Count: 3, Age: 1500 * time.Millisecond, On: new(false), Tags: []string{"a", "b"},
		Columns: map[string]string{"z": "1", "y": "2"}, Kind: "large", Inner: inner{Depth: 4},
		List:   []inner{{Expiry: "soon"}, {Depth: 4}},
		Named:  configfile.Named[inner]{{Name: "second", Value: inner{Depth: 2}}, {Name: "first", Value: inner{Depth: 1}}},
		Either: either{Group: inner{Depth: 7}},
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := configfile.Parse(name, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			var got config
			if problems := file.Decode(&got, nil); len(problems) > 0 {
				t.Fatal(problems)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEveryProblemIsReportedWithItsPlace(t *testing.T) {
	t.Parallel()
	file, err := configfile.Parse("dir/c.yaml", []byte(`nmae: Acme
count: 1
age: 0
on: "yes"
tags: a
columns: {a: 1}
kind: tiny
inner:
  dpeth: 4
  Internal: no
list:
  - expiry: 5
named:
  one: {dept: 1}
either: 3
name: 4
name: five
expiry: up here
gone: 1
entirely-different: 1
`))
	if err != nil {
		t.Fatal(err)
	}
	var problems strings.Builder
	for _, problem := range file.Decode(new(config), map[string]string{"gone": "has left"}) {
		problems.WriteString(problem.Error() + "\n")
	}
	want := `c.yaml:17: name: given already in line 16
c.yaml:1: nmae: unknown key; did you mean name?
c.yaml:2: count: must be at least 2
c.yaml:3: age: must be at least 1 seconds
c.yaml:4: on: expected true or false, found text
c.yaml:5: tags: expected a list, found text
c.yaml:6: columns.a: expected text, found a number; put it in quotes
c.yaml:7: kind: expected small, large or huge, found "tiny"
c.yaml:9: inner.dpeth: unknown key; did you mean inner.depth?
c.yaml:10: inner.Internal: unknown key
c.yaml:12: list[0].expiry: expected text, found a number; put it in quotes
c.yaml:14: named.one.dept: unknown key; did you mean named.one.depth?
c.yaml:15: either: expected true or a group
c.yaml:16: name: expected text, found a number; put it in quotes
c.yaml:18: expiry: unknown key; did you mean inner.expiry?
c.yaml:19: gone: has left
c.yaml:20: entirely-different: unknown key
`
	if diff := cmp.Diff(want, problems.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNumbersThatCannotBe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"count": 2.5}`:                  "c.json:1: count: expected a whole number, found 2.5",
		`{"count": 10}`:                   "c.json:1: count: must be at most 9",
		`{"count": 99999999999999999999}`: "c.json:1: count: expected a whole number, found 1e+20",
		`{"age": -1}`:                     "c.json:1: age: must not be negative",
		`{"age": 1e300}`:                  "c.json:1: age: that many seconds are not possible",
		`{"age": "1h"}`:                   "c.json:1: age: expected a number of seconds, found text",
	} {
		file, err := configfile.Parse("c.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		problems := file.Decode(new(config), nil)
		if len(problems) != 1 || problems[0].Error() != want {
			t.Errorf("%s: got %v, want %q", text, problems, want)
		}
	}
}

func TestTextsThatAreNotConfigurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"c.ini", "a=1", "does not end with"},
		{"c.json", `{"a": 1`, "ends too early"},
		{"c.json", `{"a": 1} {}`, "more behind the end"},
		{"c.json", "{\n\n\"a\": ,}", "line 3"},
		{"c.json", strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested too deeply"},
		{"c.json", `{"a": 1e999}`, "too large"},
		{"c.toml", "a = ", "line 1"},
		{"c.toml", "a = 1979-05-27", "no use here"},
		{"c.yaml", "a: b: c", "1:"},
		{"c.yaml", "a: 1\n---\nb: 2", "several documents"},
		{"c.yaml", "a: *nothing", "refers to nothing"},
		{"c.yaml", "a: &a [*a]", "refers to nothing"},
	} {
		_, err := configfile.Parse(c.name, []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.30q: got %v, want %q", c.name, c.text, err, c.want)
		}
	}
}

func TestAnEmptyFileIsAnEmptyConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text string }{
		{"c.yaml", ""}, {"c.yaml", "# only a comment\n"}, {"c.yaml", "---\n"}, {"c.toml", ""}, {"c.json", "{}"}, {"c.json", "null"},
	} {
		file, err := configfile.Parse(c.name, []byte(c.text))
		if err != nil {
			t.Fatalf("%s %q: %v", c.name, c.text, err)
		}
		if problems := file.Decode(new(config), nil); len(problems) > 0 {
			t.Errorf("%s %q: %v", c.name, c.text, problems)
		}
	}
}

func TestAFileThatIsNotOneIsRefused(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "c.yaml")
	if _, err := configfile.Read(missing); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("missing file: %v", err)
	}
	huge := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(huge, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := configfile.Read(huge); err == nil || !strings.Contains(err.Error(), "more than 1 MiB") {
		t.Errorf("huge file: %v", err)
	}
}

func TestKeysAreListedWithThoseOfGroups(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`name count age on tags columns kind inner inner.depth inner.expiry list list.depth list.expiry
		named named.* named.*.depth named.*.expiry either either.depth either.expiry optional optional.depth optional.expiry`)
	if diff := cmp.Diff(want, configfile.Keys(new(config))); diff != "" {
		t.Error(diff)
	}
}

func fuzz(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		file, err := configfile.Parse(name, text)
		if err == nil {
			file.Decode(new(config), nil)
		}
	})
}

func FuzzYAML(f *testing.F) {
	fuzz(f, "c.yaml", "name: a\ninner: {depth: 1}\n", "a: &x [1]\nb: *x", "? [a]\n: b", "a: |\n  text\n", "<<: {a: 1}", "- - -", "!!int 3", "a: !x b")
}

func FuzzJSON(f *testing.F) {
	fuzz(f, "c.json", `{"name": "a", "list": [{}]}`, `[1, 2`, `{"a": {"b": null}}`, `"x"`)
}

func FuzzTOML(f *testing.F) {
	fuzz(f, "c.toml", "name = 'a'\n[inner]\ndepth = 1", "[[list]]\ndepth = 1\n[[list]]", "a.b.c = 1", "x = 1979-05-27T07:32:00Z")
}
