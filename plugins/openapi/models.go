package openapi

import (
	"slices"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// modelsOf returns the schemas of the tables: what clients may see of their
// rows.
func modelsOf(s *schema.Schema) map[string]*Schema {
	models := make(map[string]*Schema, len(s.Tables))
	for _, t := range s.Tables {
		models[capitalised(t.Key)] = modelOf(t)
	}
	return models
}

func modelOf(t *schema.Table) *Schema {
	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for i := range t.Fields {
		f := &t.Fields[i]
		switch {
		case f.Name == "id":
			s.Properties["id"] = &Schema{Type: "string", ReadOnly: true}
			s.Required = append(s.Required, "id")
		case f.Hidden:
		case !f.Optional:
			s.Properties[f.Name] = fieldOf(f)
			s.Required = append(s.Required, f.Name)
		case t.Key == schema.UserKey && i < schema.UserCoreFields:
			s.Properties[f.Name] = fieldOf(f) // the picture may be null, which Better Auth 1.7 does not say
		default:
			s.Properties[f.Name] = fieldOf(f).orNull()
		}
	}
	return s
}

// fieldOf returns the schema of a field.
func fieldOf(f *schema.Field) *Schema {
	s := &Schema{ReadOnly: f.NoInput}
	switch f.Type {
	case schema.Number:
		s.Type = "number"
	case schema.Boolean:
		s.Type = "boolean"
	case schema.Date:
		s.Type, s.Format = "string", "date-time"
	case schema.JSON:
	case schema.StringArray:
		s.Type, s.Items = "array", &Schema{Type: "string"}
	case schema.NumberArray:
		s.Type, s.Items = "array", &Schema{Type: "number"}
	default:
		s.Type = "string"
	}
	for _, value := range f.Values {
		s.Enum = append(s.Enum, value)
	}
	switch f.Default.(type) {
	case string, bool, int, int64, float64:
		if f.Default != schema.Now {
			s.Default = f.Default
		}
	}
	return s
}

// inputOf returns the schemas of the additional fields of a table that clients
// may set, and which of them are required.
func inputOf(t *schema.Table, core int) (fields map[string]*Schema, required []string) {
	fields = map[string]*Schema{}
	for i := core; i < len(t.Fields); i++ {
		f := &t.Fields[i]
		if f.NoInput {
			continue
		}
		fields[f.Name] = fieldOf(f)
		if f.Optional {
			fields[f.Name] = fields[f.Name].orNull()
		} else if f.Default == nil {
			required = append(required, f.Name)
		}
	}
	slices.Sort(required)
	return fields, required
}

func capitalised(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
