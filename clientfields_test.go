package ostiary_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/schema"
)

func TestClientFieldsSayWhatClientsMaySet(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.User.Fields = []schema.Field{
			{Name: "plan", Values: []string{"free", `"pro"`}, Default: "free"},
			{Name: "nick-name", Optional: true},
			{Name: "secret", Optional: true, Hidden: true},
			{Name: "visits", Type: schema.Number, NoInput: true, Default: 0},
			{Name: "since", Type: schema.Date, Default: schema.Now},
			{Name: "lucky", Type: schema.Number, Default: func() any { return 7 }},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "settings", Type: schema.JSON, Optional: true},
		}
	})
	var module strings.Builder
	if err := s.WriteClientFields(&module); err != nil {
		t.Fatal(err)
	}
	want := `// Made by Auth.WriteClientFields of the server. Do not edit.
import { inferAdditionalFields } from "better-auth/client/plugins";

export const additionalFields = inferAdditionalFields({
  user: {
    "plan": { type: ["free","\"pro\""], defaultValue: "free" },
    "nick-name": { type: "string", required: false },
    "visits": { type: "number", input: false, defaultValue: 0 },
    "since": { type: "date", defaultValue: new Date(0) },
    "lucky": { type: "number", defaultValue: 0 },
    "tags": { type: "string[]", required: false },
    "settings": { type: "json", required: false },
  },
  session: {},
});
`
	if diff := cmp.Diff(want, module.String()); diff != "" {
		t.Errorf("the module differs (-want +got):\n%s", diff)
	}
}
