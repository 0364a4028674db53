package ostiary

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// WriteClientFields writes a TypeScript module with which the Better Auth client
// knows the additional fields of users and sessions, their types, and which of
// them clients may set:
//
//	import { additionalFields } from "./auth-fields";
//
//	const client = createAuthClient({ plugins: [additionalFields] });
//	await client.updateSession({ theme: "dark" }); // theme: "light" | "dark"
//
// Hidden fields are left out, and so is what plugins add, which client plugins
// of their own know.
func (a *Auth) WriteClientFields(w io.Writer) error {
	config := a.kernel.Config()
	_, err := fmt.Fprintf(w, `// Made by Auth.WriteClientFields of the server. Do not edit.
import { inferAdditionalFields } from "better-auth/client/plugins";

export const additionalFields = inferAdditionalFields({
  user: {%s},
  session: {%s},
});
`, clientFields(config.User.Fields), clientFields(config.Session.Fields))
	return err
}

// clientFields returns the members of an object that describes fields.
func clientFields(fields []schema.Field) string {
	var b strings.Builder
	for i := range fields {
		f := &fields[i]
		if f.Hidden {
			continue
		}
		attributes := "type: " + clientType(f)
		if f.Optional {
			attributes += ", required: false"
		}
		if f.NoInput {
			attributes += ", input: false"
		}
		if f.Default != nil {
			attributes += ", defaultValue: " + clientDefault(f)
		}
		fmt.Fprintf(&b, "\n    %s: { %s },", quote(f.Name), attributes)
	}
	if b.Len() > 0 {
		b.WriteString("\n  ")
	}
	return b.String()
}

// clientType returns the type of a field as the client spells it.
func clientType(f *schema.Field) string {
	switch {
	case len(f.Values) > 0:
		return quote(f.Values)
	case f.Type == "":
		return quote(schema.String)
	}
	return quote(f.Type)
}

// clientDefault returns a default of a field. To the client it says only that
// the field may be left out, so for one that is computed any value will do.
func clientDefault(f *schema.Field) string {
	switch f.Default.(type) {
	case string, bool, int, int64, float64:
		if f.Type != schema.Date {
			return quote(f.Default)
		}
	}
	switch f.Type {
	case schema.Number:
		return "0"
	case schema.Boolean:
		return "false"
	case schema.Date:
		return "new Date(0)"
	}
	return `""`
}

// quote returns a value as a JavaScript literal. Text, lists of it, numbers and
// booleans always have one.
func quote(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "null"
	}
	return string(text)
}
