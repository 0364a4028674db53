package generate

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// entDialects are the names of the constants of ent.
var entDialects = map[string]string{"sqlite": "SQLite", "postgres": "Postgres", "mysql": "MySQL"}

// entSchema writes a schema type for each table.
func entSchema(r Request) (string, error) {
	models, err := modelsOf(r.Schema)
	if err != nil {
		return "", err
	}
	var body strings.Builder
	for _, m := range models {
		fmt.Fprintf(&body, "// %s is the table %q.\ntype %s struct{ ent.Schema }\n\n", m.name, m.Name, m.name)
		fmt.Fprintf(&body, "// Annotations name the table.\nfunc (%s) Annotations() []schema.Annotation {\nreturn []schema.Annotation{entsql.Annotation{Table: %q}}\n}\n\n", m.name, m.Name)
		fmt.Fprintf(&body, "// Fields are the columns.\nfunc (%s) Fields() []ent.Field {\nreturn []ent.Field{\n", m.name)
		for i := range m.Fields {
			fmt.Fprintf(&body, "%s,\n", entField(r, m, i))
		}
		body.WriteString("}\n}\n\n")
		entEdges(&body, m)
		entIndexes(&body, m)
	}
	return goFile(r.Package, "has the tables of authentication as an ent schema.", []string{
		"encoding/json", "time", "entgo.io/ent", "entgo.io/ent/dialect", "entgo.io/ent/dialect/entsql", "entgo.io/ent/schema",
		"entgo.io/ent/schema/edge", "entgo.io/ent/schema/field", "entgo.io/ent/schema/index",
	}, body.String())
}

func entField(r Request, m *model, position int) string {
	f := &m.Fields[position]
	holdsID := position == 0 || f.IsForeignID()
	text, list := "field.String", false
	switch {
	case holdsID && f.IDStrategy() == schema.SerialIDs, !holdsID && f.Type == schema.Number:
		text = "field.Int64"
	case holdsID:
	case f.Type == schema.Boolean:
		text = "field.Bool"
	case f.Type == schema.Date:
		text = "field.Time"
	case f.Type == schema.StringArray:
		text, list = "field.Strings", true
	case f.Type == schema.NumberArray:
		text, list = "field.Floats", true
	case f.Type == schema.JSON:
		text, list = "field.JSON", true
	}
	text += "(" + strconv.Quote(snake(f.Name))
	if f.Type == schema.JSON {
		text += ", json.RawMessage{}"
	}
	text += ").StorageKey(" + strconv.Quote(f.Column) + ")"
	if !strings.HasPrefix(text, "field.Bool(") { // ent chooses the type of those itself
		text += fmt.Sprintf(".SchemaType(map[string]string{dialect.%s: %q})", entDialects[r.Dialect], entType(r, m, position))
	}
	if f.Unique {
		text += ".Unique()"
	}
	if f.Optional {
		text += ".Optional()"
		if !list {
			text += ".Nillable()"
		}
	}
	if position == 0 {
		text += ".Immutable()"
	}
	if f.Hidden && strings.HasPrefix(text, "field.String(") {
		text += ".Sensitive()"
	}
	return text + entDefaults(f)
}

// entType is the column type; ent says itself that an id is counted up.
func entType(r Request, m *model, position int) string {
	return strings.Fields(columnType(r, m.Table, position))[0]
}

func entDefaults(f *schema.Field) string {
	text := ""
	switch v := f.Default.(type) {
	case string:
		if f.Type == schema.String {
			text = ".Default(" + strconv.Quote(v) + ")"
		}
	case bool:
		text = fmt.Sprintf(".Default(%t)", v)
	case int, int64:
		text = fmt.Sprintf(".Default(%d)", v)
	}
	if f.Default == schema.Now {
		text = ".Default(time.Now)"
	}
	if f.OnUpdate == schema.Now {
		text += ".UpdateDefault(time.Now)"
	}
	return text
}

var entActions = map[schema.OnDelete]string{
	schema.Cascade: "Cascade", schema.NoAction: "NoAction", schema.Restrict: "Restrict", schema.SetNull: "SetNull", schema.SetDefault: "SetDefault",
}

// entEdges writes the relations that ent can have: those to an id.
func entEdges(body *strings.Builder, m *model) {
	var edges []string
	for _, r := range m.referenced {
		if r.target.Name != "id" {
			continue
		}
		text := fmt.Sprintf("edge.To(%q, %s.Type)", r.entBack(), r.from.name)
		if r.field.Unique {
			text += ".Unique()"
		}
		edges = append(edges, text+".Annotations(entsql.OnDelete(entsql."+entActions[r.onDelete()]+"))")
	}
	for _, r := range m.references {
		if r.target.Name != "id" {
			continue
		}
		text := fmt.Sprintf("edge.From(%q, %s.Type).Ref(%q).Field(%q).Unique()", snake(free(m, r.member())), r.to.name, r.entBack(), snake(r.field.Name))
		if !r.field.Optional {
			text += ".Required()"
		}
		edges = append(edges, text)
	}
	if len(edges) > 0 {
		fmt.Fprintf(body, "// Edges are the relations.\nfunc (%s) Edges() []ent.Edge {\nreturn []ent.Edge{\n%s,\n}\n}\n\n", m.name, strings.Join(edges, ",\n"))
	}
}

func (r relation) entBack() string { return snake(free(r.to, r.back())) }

func entIndexes(body *strings.Builder, m *model) {
	var indexes []string
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Index && !f.Unique {
			indexes = append(indexes, entIndex([]string{snake(f.Name)}, indexesOf(m.Table, f)[0].name, false))
		}
	}
	for _, index := range m.Indexes {
		var names []string
		for _, name := range index.Fields {
			names = append(names, snake(m.Field(name).Name))
		}
		indexes = append(indexes, entIndex(names, nameOf(m.Table, index), index.Unique))
	}
	if len(indexes) > 0 {
		fmt.Fprintf(body, "// Indexes are the indexes besides those of unique columns.\nfunc (%s) Indexes() []ent.Index {\nreturn []ent.Index{\n%s,\n}\n}\n\n", m.name, strings.Join(indexes, ",\n"))
	}
}

func entIndex(fields []string, name string, unique bool) string {
	quoted := make([]string, len(fields))
	for i, f := range fields {
		quoted[i] = strconv.Quote(f)
	}
	text := "index.Fields(" + strings.Join(quoted, ", ") + ")"
	if unique {
		text += ".Unique()"
	}
	return text + ".StorageKey(" + strconv.Quote(name) + ")"
}
