package jstext_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/internal/jstext"
)

func TestAppendStringEscapesWhatJavaScriptEscapes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"plain":              {"Ada", `"Ada"`},
		"empty":              {"", `""`},
		"quote, backslash":   {`a"b\c`, `"a\"b\\c"`},
		"short forms":        {"\b\t\n\f\r", `"\b\t\n\f\r"`},
		"control characters": {"\x00\x0b\x1f", `"\u0000\u000b\u001f"`},
		"delete is literal":  {"\x7f", "\"\x7f\""},
		"no HTML escaping":   {"<a>&'/", `"<a>&'/"`},
		"line separators":    {"\u2028\u2029", "\"\u2028\u2029\""},
		"beyond the BMP":     {"É小😀", `"É小😀"`},
		"invalid UTF-8":      {"a\xffb\xc3", "\"a\uFFFDb\uFFFD\""},
		"U+FFFD itself":      {"\uFFFD", "\"\uFFFD\""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := string(jstext.AppendString(nil, tt.in)); got != tt.want {
				t.Errorf("AppendString(%q) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

func TestFormatTimePrintsMillisecondsInUTC(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   time.Time
		want string
	}{
		"whole second": {time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC), "2026-01-08T00:00:00.000Z"},
		"cut off":      {time.Date(2026, 1, 8, 0, 0, 0, 999_999_999, time.UTC), "2026-01-08T00:00:00.999Z"},
		"zone":         {time.Date(2026, 1, 8, 1, 30, 0, 5e6, time.FixedZone("", 5400)), "2026-01-08T00:00:00.005Z"},
		"far future":   {time.Date(12345, 6, 7, 8, 9, 10, 0, time.UTC), "+012345-06-07T08:09:10.000Z"},
		"before 0":     {time.Date(-1, 6, 7, 8, 9, 10, 0, time.UTC), "-000001-06-07T08:09:10.000Z"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := jstext.FormatTime(tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got := string(jstext.AppendTime(nil, tt.in)); got != `"`+tt.want+`"` {
				t.Errorf("AppendTime gave %s", got)
			}
		})
	}
}

func TestAppendWritesAnyValue(t *testing.T) {
	t.Parallel()
	type row struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}
	tests := map[string]struct {
		in   any
		want string
	}{
		"nil":      {nil, "null"},
		"string":   {"<\u2028>", "\"<\u2028>\""},
		"bool":     {true, "true"},
		"int":      {-7, "-7"},
		"int64":    {int64(1893456000000), "1893456000000"},
		"float":    {1.5, "1.5"},
		"time":     {time.Unix(0, 0), `"1970-01-01T00:00:00.000Z"`},
		"raw":      {json.RawMessage(`{"a":1}`), `{"a":1}`},
		"struct":   {row{"<b>&\u2028\u2029\xff", []string{`\u2028`, "\\", "\n"}}, "{\"name\":\"<b>&\u2028\u2029\uFFFD\",\"tags\":[\"\\\\u2028\",\"\\\\\",\"\\n\"]}"},
		"controls": {map[string]string{"a": "\b\f\x01"}, `{"a":"\b\f\u0001"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := jstext.Append([]byte("x"), tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("x"+tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAppendReportsWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	if _, err := jstext.Append(nil, math.Inf(1)); err == nil {
		t.Error("infinity was encoded")
	}
}

func TestMembersWalksAnObjectInOrder(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want []string // nil for malformed text
	}{
		"empty":             {`{}`, []string{}},
		"spaces":            {" { } ", []string{}},
		"literals":          {`{"a":1,"b":-1.5E+3,"c":true,"d":null}`, []string{"a=1", "b=-1.5E+3", "c=true", "d=null"}},
		"white space":       {"{ \"a\" : 1 ,\n\"b\"\t:\r2 }", []string{"a=1", "b=2"}},
		"nested":            {`{"a":{"b":[1,{"c":"}"}]},"d":[]}`, []string{`a={"b":[1,{"c":"}"}]}`, "d=[]"}},
		"escaped quotes":    {`{"a":"\"","b\"":"\\","c":"\\\""}`, []string{`a="\""`, `b\"="\\"`, `c="\\\""`}},
		"repeated":          {`{"a":1,"a":2}`, []string{"a=1", "a=2"}},
		"no text":           {``, nil},
		"array":             {`[]`, nil},
		"string":            {`"a"`, nil},
		"trailing text":     {`{}x`, nil},
		"trailing comma":    {`{"a":1,}`, nil},
		"missing comma":     {`{"a":1"b":2}`, nil},
		"missing colon":     {`{"a"1}`, nil},
		"missing value":     {`{"a":}`, nil},
		"missing key":       {`{:1}`, nil},
		"open object":       {`{"a":1`, nil},
		"open string":       {`{"a":"b}`, nil},
		"open value":        {`{"a":`, nil},
		"crossed nesting":   {`{"a":[{]}}`, nil},
		"nested too deeply": {`{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := []string{}
			m := jstext.MembersOf([]byte(tt.in))
			for m.Next() {
				got = append(got, string(m.Key())+"="+string(m.Value()))
			}
			if m.Next() {
				t.Error("a member follows the last one")
			}
			if failed := m.Err() != nil; failed != (tt.want == nil) {
				t.Fatalf("Err() = %v after %q", m.Err(), got)
			}
			if tt.want != nil {
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
		})
	}
}

func FuzzMembersAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":{"b":[1,"}"]},"c":"\""}`, `{"a":1,}`, `[`, `{"a":[{]}}`, ` {"é":null} `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys := 0
		m := jstext.MembersOf(text)
		for m.Next() {
			keys++
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(text, &object) != nil || object == nil {
			return
		}
		if m.Err() != nil && !strings.Contains(string(text), strings.Repeat("[", 200)) {
			t.Fatalf("valid object refused: %q", text)
		}
		if m.Err() == nil && keys < len(object) {
			t.Fatalf("%d members of %d found in %q", keys, len(object), text)
		}
	})
}

func FuzzAppendStringIsReadBack(f *testing.F) {
	f.Add("a\"b\\c\n\x00\u2028\xff😀")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(jstext.AppendString(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(s) && got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	})
}
