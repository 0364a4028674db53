package schema_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ostiary/ostiary/schema"
)

type plan string

type address struct {
	City string `json:"city"`
}

type base struct {
	Company string `json:"company" ostiary:",column=company_name,index,sortable"`
}

type profile struct {
	base
	Plan     plan            `json:"plan,omitempty" ostiary:",noinput,default=free,values=free|pro"`
	Nickname *string         `ostiary:"nick,unique,hidden"`
	Age      int             `ostiary:"age,optional,default=18"`
	Total    int64           `json:"total"`
	Small    uint8           `ostiary:",optional,bigint"`
	Ratio    *float32        ``
	News     bool            `ostiary:"newsletter,default=true"`
	Born     *time.Time      `ostiary:"birthday"`
	Joined   time.Time       `ostiary:",default=now"`
	Epoch    time.Time       `ostiary:",default=1970-01-01T00:00:00Z"`
	Tags     []plan          `ostiary:",optional"`
	Scores   []int           `ostiary:",optional"`
	Meta     json.RawMessage `ostiary:",optional"`
	Any      any             `ostiary:",optional"`
	Home     *address        ``
	Places   []address       `ostiary:",optional"`
	Labels   map[string]int  `ostiary:",optional"`
	Skipped  chan int        `ostiary:"-"`
	AlsoNot  func()          `json:"-"`
	private  int
}

func TestFieldsOfDeclaresFields(t *testing.T) {
	t.Parallel()
	got := schema.FieldsOf[profile]()
	want := []schema.Field{
		{Name: "company", Type: schema.String, Column: "company_name", Index: true, Sortable: true},
		{Name: "plan", Type: schema.String, NoInput: true, Default: "free", Values: []string{"free", "pro"}},
		{Name: "nick", Type: schema.String, Optional: true, Unique: true, Hidden: true},
		{Name: "age", Type: schema.Number, Optional: true, Default: int64(18)},
		{Name: "total", Type: schema.Number, BigInt: true},
		{Name: "small", Type: schema.Number, Optional: true, BigInt: true},
		{Name: "ratio", Type: schema.Number, Optional: true},
		{Name: "newsletter", Type: schema.Boolean, Default: true},
		{Name: "birthday", Type: schema.Date, Optional: true},
		{Name: "joined", Type: schema.Date, Default: schema.Now},
		{Name: "epoch", Type: schema.Date, Default: time.Unix(0, 0).UTC()},
		{Name: "tags", Type: schema.StringArray, Optional: true},
		{Name: "scores", Type: schema.NumberArray, Optional: true},
		{Name: "meta", Type: schema.JSON, Optional: true},
		{Name: "any", Type: schema.JSON, Optional: true},
		{Name: "home", Type: schema.JSON, Optional: true},
		{Name: "places", Type: schema.JSON, Optional: true},
		{Name: "labels", Type: schema.JSON, Optional: true},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(schema.Field{})); d != "" {
		t.Error(d)
	}
	compile(t, schema.Definition{Models: []schema.Model{schema.UserModel()}, Additional: map[string][]schema.Field{"user": got}})
	got[1].Values[0] = "changed"
	if schema.FieldsOf[profile]()[1].Values[0] != "free" {
		t.Error("a change of what FieldsOf returned changes what it returns next")
	}
}

func TestFieldsOfMistakesAreReportedByCompile(t *testing.T) {
	t.Parallel()
	type mistakes struct {
		Channel chan int
		Bytes   []byte
		Typo    string    `ostiary:",optinal"`
		Flag    string    `ostiary:",unique=yes"`
		Column  string    `ostiary:",column="`
		Number  int       `ostiary:",default=many"`
		Bool    bool      `ostiary:",default=1"`
		Date    time.Time `ostiary:",default=yesterday"`
		List    []string  `ostiary:",default=a"`
		Values  int       `ostiary:",values=1|2"`
		Option  string    `ostiary:",values=a|b,default=c"`
		Twice   string    `json:"same"`
		Again   string    `ostiary:"same"`
		Chans   []chan int
		Fine    string
	}
	_, err := schema.Compile(schema.Definition{
		Models:     []schema.Model{schema.UserModel()},
		Additional: map[string][]schema.Field{"user": schema.FieldsOf[mistakes]()},
	})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"mistakes.Channel: a chan int cannot be stored; use", "mistakes.Bytes: bytes cannot be stored; use", `mistakes.Typo: unknown option "optinal" in the tag; use`,
		`mistakes.Flag: unknown option "unique"`, `mistakes.Column: unknown option "column"`, `mistakes.Number: the default "many" is not a number`,
		`mistakes.Bool: the default "1" is neither true nor false`, `mistakes.Date: the default "yesterday"`, "mistakes.List: a default of the type string[]",
		"mistakes.Values: values are listed but", `mistakes.Option: the default "c" is none of the values`, `mistakes.Again: the name "same" is taken`, "mistakes.Chans: a chan int",
		`model "user"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "Fine") {
		t.Error("the field that is fine is reported")
	}
	if _, err := schema.Extra[mistakes](nil); err == nil {
		t.Error("Extra accepts what FieldsOf does not")
	}
	_, err = schema.Compile(schema.Definition{Models: []schema.Model{{Key: "m", Fields: schema.FieldsOf[int]()}}})
	if err == nil || !strings.Contains(err.Error(), "int is not a struct") {
		t.Errorf("got error %v", err)
	}
}

func ptr[T any](v T) *T { return &v }

func TestExtraReadsFieldsBack(t *testing.T) {
	t.Parallel()
	born := time.Date(1990, 5, 5, 0, 0, 0, 0, time.UTC)
	want := profile{
		base: base{Company: "ACME"}, Plan: "pro", Nickname: ptr("al"), Age: 41, Total: 1 << 60, Small: 255, Ratio: ptr(float32(1.5)), News: true, Born: &born, Joined: born,
		Tags: []plan{"a", "b"}, Scores: []int{1, 2}, Meta: json.RawMessage(`{"a":1}`), Any: []any{"x"}, Home: &address{"Oslo"}, Places: []address{{"Rome"}}, Labels: map[string]int{"k": 1},
	}
	stored := map[string]any{
		"company": "ACME", "plan": "pro", "nick": "al", "age": int64(41), "total": int64(1 << 60), "small": int64(255), "ratio": 1.5, "newsletter": true, "birthday": born, "joined": born,
		"tags": []string{"a", "b"}, "scores": []float64{1, 2}, "meta": json.RawMessage(`{"a":1}`), "any": json.RawMessage(`["x"]`), "home": json.RawMessage(`{"city":"Oslo"}`),
		"places": json.RawMessage(`[{"city":"Rome"}]`), "labels": json.RawMessage(`{"k":1}`), "unknown": 5,
	}
	decoded := map[string]any{
		"company": "ACME", "plan": "pro", "nick": "al", "age": 41.0, "total": json.Number("1152921504606846976"), "small": 255.0, "ratio": 1.5, "newsletter": true,
		"birthday": "1990-05-05T00:00:00.000Z", "joined": "1990-05-05T02:00:00+02:00",
		"tags": []any{"a", "b"}, "scores": []any{1.0, 2.0}, "meta": map[string]any{"a": 1.0}, "any": []any{"x"}, "home": map[string]any{"city": "Oslo"},
		"places": []any{map[string]any{"city": "Rome"}}, "labels": map[string]any{"k": 1.0}, "epoch": nil,
	}
	for name, values := range map[string]map[string]any{"stored": stored, "decoded": decoded} {
		got, err := schema.Extra[profile](values)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(profile{}), cmpopts.IgnoreFields(profile{}, "AlsoNot")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for _, values := range []map[string]any{nil, {}, {"plan": nil, "nick": nil, "tags": nil}} {
		got, err := schema.Extra[profile](values)
		if err != nil || got.Plan != "" || got.Nickname != nil || got.Tags != nil || got.private != 0 {
			t.Errorf("got %+v and error %v", got, err)
		}
	}
}

func TestExtraNamesTheFieldThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for field, value := range map[string]any{
		"plan": int64(5), "age": 1.5, "small": int64(256), "total": "5", "newsletter": "yes", "birthday": "soon", "tags": []any{nil},
		"scores": []any{1.5}, "home": "Oslo", "places": json.RawMessage(`{`), "any": make(chan int), "ratio": "x",
	} {
		got, err := schema.Extra[profile](map[string]any{"company": "ACME", field: value})
		if err == nil || !strings.Contains(err.Error(), `"`+field+`"`) || got.Company != "" {
			t.Errorf("%s %v: got %+v and error %v", field, value, got, err)
		}
	}
}

func FuzzExtra(f *testing.F) {
	f.Add(`{"plan":"pro","age":41,"birthday":"1990-05-05","tags":["a"],"scores":[1],"meta":{}}`)
	f.Add(`{"age":1e30,"small":-1,"home":[],"labels":{"a":"b"},"nick":5}`)
	f.Fuzz(func(t *testing.T, body string) {
		var values map[string]any
		if json.Unmarshal([]byte(body), &values) == nil {
			_, _ = schema.Extra[profile](values) // must not panic
		}
	})
}

func BenchmarkExtra(b *testing.B) {
	values := map[string]any{"company": "ACME", "plan": "pro", "age": int64(41), "tags": []string{"a", "b"}, "joined": time.Unix(0, 0)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.Extra[profile](values); err != nil {
			b.Fatal(err)
		}
	}
}
