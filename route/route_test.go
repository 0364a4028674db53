package route_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/route"
)

type nested struct {
	Token string `json:"token"`
	Note  string `json:"note,omitempty"`
}

type input struct {
	Email  string            `json:"email" validate:"email"`
	Word   string            `json:"word" validate:"nonempty"`
	Flag   *bool             `json:"flag,omitempty"`
	Count  int               `json:"count,omitempty"`
	Ratio  float64           `json:"ratio,omitempty"`
	Null   *string           `json:"null,nullable"`
	Tags   []string          `json:"tags,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Inner  *nested           `json:"inner,omitempty"`
	Query  string            `query:"q"`
	Page   int               `query:"page,optional"`
	Fresh  bool              `query:"fresh,truthy"`
	Many   []string          `query:"many,optional"`
	ID     string            `path:"id"`
	Extra  map[string]any    `json:"*"`
}

var everything = route.New[input, struct{}]("POST", "/x/:id", route.Spec{})

func decode(t testing.TB, text string) any {
	t.Helper()
	if text == "" {
		return route.Absent
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestReadSaysEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	const good = `"email":"a@example.com","word":"w","null":null`
	for name, tt := range map[string]struct{ body, query, want string }{
		"nothing wrong":     {`{` + good + `}`, "q=1", ""},
		"no body":           {"", "q=1", "[body] Invalid input: expected object, received undefined; [body] Invalid input: expected record, received undefined"},
		"a list":            {"[]", "q=1", "[body] Invalid input: expected object, received array; [body] Invalid input: expected record, received array"},
		"nothing given":     {"{}", "q=1", "[body.email] Invalid input: expected string, received undefined; [body.word] Invalid input: expected string, received undefined; [body.null] Invalid input: expected string, received undefined"},
		"body before query": {"{}", "", "[body.email] Invalid input: expected string, received undefined; [body.word] Invalid input: expected string, received undefined; [body.null] Invalid input: expected string, received undefined"},
		"bad address":       {`{"email":"a","word":"","null":null}`, "q=1", "[body.email] Invalid email address; [body.word] Too small: expected string to have >=1 characters"},
		"wrong types":       {`{` + good + `,"flag":"true","count":1.5,"ratio":"1","tags":["a",1],"labels":{"a":1},"inner":{}}`, "q=1", "[body.flag] Invalid input: expected boolean, received string; [body.count] Invalid input: expected int, received number; [body.ratio] Invalid input: expected number, received string; [body.tags.1] Invalid input: expected string, received number; [body.labels.a] Invalid input: expected string, received number; [body.inner.token] Invalid input: expected string, received undefined"},
		"null is no value":  {`{` + good + `,"flag":null,"inner":null}`, "q=1", "[body.flag] Invalid input: expected boolean, received null; [body.inner] Invalid input: expected object, received null"},
		"too large a count": {`{` + good + `,"count":1e300}`, "q=1", "[body.count] Invalid input: expected int, received number"},
		"case of names":     {`{"Email":"a@example.com","word":"w","null":null}`, "q=1", "[body.email] Invalid input: expected string, received undefined"},
		"no query":          {`{` + good + `}`, "", "[query.q] Invalid input: expected string, received undefined"},
		"query twice":       {`{` + good + `}`, "q=1&q=2", "[query.q] Invalid input: expected string, received array"},
		"query not numeric": {`{` + good + `}`, "q=1&page=x", "[query.page] Invalid input: expected number, received NaN"},
		"query infinite":    {`{` + good + `}`, "q=1&page=Infinity", "[query.page] Invalid input: expected number, received NaN"},
	} {
		query, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		_, issues := everything.InputShape().Read(decode(t, tt.body), query, nil)
		if got := route.Message(issues); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
	}
}

func TestWriteIsTheInverseOfRead(t *testing.T) {
	t.Parallel()
	in := input{
		Email: "a@example.com", Word: "w", Flag: new(false), Count: 3, Ratio: 1.5, Null: new("x"), Tags: []string{"a"}, Labels: map[string]string{"k": "v"}, Inner: &nested{Token: "t"},
		Query: "q&=", Page: 7, Fresh: true, Many: []string{"1", "2"}, ID: "i d", Extra: map[string]any{"more": []any{1.0, nil}},
	}
	body, query, params, err := everything.InputShape().Write(in)
	if err != nil {
		t.Fatal(err)
	}
	got, issues := everything.InputShape().Read(body, query, params)
	if len(issues) > 0 {
		t.Fatal(route.Message(issues))
	}
	if diff := cmp.Diff(in, got.Interface()); diff != "" {
		t.Errorf("written and read (-want +got):\n%s", diff)
	}
}

// FuzzRead looks for an input that makes Read panic, or that is not the same
// when it is written and read again.
func FuzzRead(f *testing.F) {
	f.Add(`{"email":"a@example.com","word":"w","null":null,"x":{"y":[1]}}`, "q=1&page=2&fresh&many=a&many=b")
	f.Add(`{"email":5}`, "")
	f.Add(`[]`, "q")
	f.Add(`{"email":"a@example.com","word":"w","null":"n","count":-0,"inner":{"token":"t","z":1}}`, "q=&fresh=")
	shape := everything.InputShape()
	f.Fuzz(func(t *testing.T, text, rawQuery string) {
		var body any
		if json.Unmarshal([]byte(text), &body) != nil {
			return
		}
		query, err := url.ParseQuery(rawQuery)
		if err != nil {
			return
		}
		in, issues := shape.Read(body, query, map[string]string{"id": "x"})
		if len(issues) > 0 {
			return
		}
		body2, query2, params2, err := shape.Write(in.Interface())
		if err != nil {
			t.Fatal(err)
		}
		again, issues := shape.Read(body2, query2, params2)
		if len(issues) > 0 {
			t.Fatalf("%s: cannot be read again: %s", text, route.Message(issues))
		}
		a, b := again.Interface().(input), in.Interface().(input)
		if diff := cmp.Diff(b.Extra, a.Extra); diff != "" || a.Email != b.Email || a.Query != b.Query || a.Page != b.Page {
			t.Errorf("read again it is another input:\n%s", cmp.Diff(b, a))
		}
	})
}

func TestRoutesThatCannotBeReadAreFoundAtOnce(t *testing.T) {
	t.Parallel()
	for name, declare := range map[string]func(){
		"no struct": func() { route.New[int, int]("GET", "/", route.Spec{}) },
		"no tag":    func() { route.New[struct{ A string }, int]("GET", "/", route.Spec{}) },
		"no name": func() {
			route.New[struct {
				A string `json:",omitempty"`
			}, int]("GET", "/", route.Spec{})
		},
		"unknown option": func() {
			route.New[struct {
				A string `json:"a,required"`
			}, int]("GET", "/", route.Spec{})
		},
		"unreadable type": func() {
			route.New[struct {
				A chan int `json:"a"`
			}, int]("GET", "/", route.Spec{})
		},
		"rest of strings": func() {
			route.New[struct {
				A map[string]string `json:"*"`
			}, int]("GET", "/", route.Spec{})
		},
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "route GET /") {
					t.Errorf("%s: New says %q", name, text)
				}
			}()
			declare()
		}()
	}
}

func TestAdvisory_AJ05_AJ07_AJ11_AJ12_AddressesAreNarrow(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a@b.co", "first.last+tag@sub.example.com", "o'neil@example.com", "a_b-c@1.example", "A@EXAMPLE.COM", "x@xn--e1afmkfd.example", strings.Repeat("a", 242) + "@example.com"} {
		if !route.IsEmail(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{
		"", "@", "a", "a@", "@b.co", "a@b", "a@b.c", "a@b.c0", "a@@b.co", "a@b@c.co", "a b@c.co", " a@b.co", "a@b.co ", "a@b.co\n", "a@b.co\x00", ".a@b.co", "a.@b.co", "a..b@c.co", "a@.co", "a@b..co", "a@-b.co", "a@b.co.", "a'@b.co",
		`"a"@b.co`, "a,b@c.co", "a;b@c.co", "a<b@c.co>", "a(b)@c.co", "ä@b.co", "a@ä.co", "a＠b.co", "a@b。co", "a%b@c.co", "a!b@c.co", "a@[127.0.0.1]", "a@b.co,c@d.co", "a/b@c.co", "a\\b@c.co", strings.Repeat("a", 243) + "@example.com",
	} {
		if route.IsEmail(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
}
