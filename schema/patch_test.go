package schema_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/schema"
)

func TestAcceptTakesWhatProgramsHave(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	text, number := "text", 7
	shout := func(v any) (any, error) {
		if v == "" {
			return nil, errors.New("is empty")
		}
		return v.(string) + "!", nil
	}
	for _, test := range []struct {
		name  string
		field schema.Field
		value any
		want  any
		code  string // of the error
	}{
		{"a string", schema.Field{Type: schema.String}, "text", "text", ""},
		{"a named string", schema.Field{Type: schema.String}, plan("pro"), "pro", ""},
		{"a pointer", schema.Field{Type: schema.String}, &text, "text", ""},
		{"a number for a string", schema.Field{Type: schema.String}, 7, nil, schema.ValidationError},
		{"any integer", schema.Field{Type: schema.Number}, uint16(7), int64(7), ""},
		{"a pointer to one", schema.Field{Type: schema.Number}, &number, int64(7), ""},
		{"one that is too large", schema.Field{Type: schema.Number}, uint64(math.MaxUint64), nil, schema.ValidationError},
		{"a fraction", schema.Field{Type: schema.Number}, float32(0.5), 0.5, ""},
		{"no number", schema.Field{Type: schema.Number}, math.NaN(), nil, schema.ValidationError},
		{"text for a number", schema.Field{Type: schema.Number}, "7", nil, schema.ValidationError},
		{"a boolean", schema.Field{Type: schema.Boolean}, true, true, ""},
		{"a time", schema.Field{Type: schema.Date}, now.In(time.FixedZone("x", 3600)), now, ""},
		{"named strings", schema.Field{Type: schema.StringArray}, []plan{"a", "b"}, []string{"a", "b"}, ""},
		{"numbers", schema.Field{Type: schema.NumberArray}, []int{1, 2}, []float64{1, 2}, ""},
		{"any object", schema.Field{Type: schema.JSON}, address{City: "Bath"}, json.RawMessage(`{"city":"Bath"}`), ""},
		{"what is no JSON", schema.Field{Type: schema.JSON}, make(chan int), nil, schema.ValidationError},
		{"one of the values", schema.Field{Type: schema.String, Values: []string{"a", "b"}}, "b", "b", ""},
		{"none of them", schema.Field{Type: schema.String, Values: []string{"a", "b"}}, "c", nil, schema.ValidationError},
		{"validated", schema.Field{Type: schema.String, Validate: shout}, "hey", "hey!", ""},
		{"refused", schema.Field{Type: schema.String, Validate: shout}, "", nil, schema.ValidationError},
		{"nil with a default", schema.Field{Type: schema.Number, Default: 3}, nil, int64(3), ""},
		{"a nil pointer with a default", schema.Field{Type: schema.Date, Default: schema.Now}, (*time.Time)(nil), now, ""},
		{"nil for an optional field", schema.Field{Type: schema.StringArray, Optional: true}, []string(nil), nil, ""},
		{"nil for a required field", schema.Field{Name: "x", Type: schema.String}, nil, nil, schema.MissingField},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.field.Accept(test.value, now)
			var refused *schema.InputError
			if errors.As(err, &refused) != (test.code != "") || (refused != nil && refused.Code != test.code) {
				t.Fatalf("error %v, want %q", err, test.code)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValuesIsTheInverseOfExtra(t *testing.T) {
	t.Parallel()
	nick := "Ada"
	want := profile{base: base{Company: "ACME"}, Plan: "pro", Nickname: &nick, Age: 36, Tags: []plan{"a"}, Joined: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	values, err := schema.Values(want)
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]any{}
	for _, f := range schema.FieldsOf[profile]() {
		if stored[f.Name], err = f.Accept(values[f.Name], want.Joined); err != nil && !f.Optional && f.Type != schema.JSON {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	got, err := schema.Extra[profile](stored)
	if err != nil {
		t.Fatal(err)
	}
	if got.Company != want.Company || got.Plan != want.Plan || *got.Nickname != nick || got.Age != 36 || !cmp.Equal(got.Tags, want.Tags) || !got.Joined.Equal(want.Joined) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := schema.Values(struct{ C chan int }{}); err == nil {
		t.Error("a struct that cannot be stored has values")
	}
}
