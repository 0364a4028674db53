package generate

import (
	"fmt"
	"go/format"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/internal/definition"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// goFile puts declarations into a file with the imports that they use.
func goFile(pkg, doc string, imports []string, body string) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "// Package %s %s\npackage %s\n\n", pkg, doc, pkg)
	var used []string
	for _, path := range imports {
		name := path[strings.LastIndexByte(path, '/')+1:]
		if alias, rest, aliased := strings.Cut(path, " "); aliased {
			name, path = alias, alias+" \""+rest+"\""
		} else {
			path = "\"" + path + "\""
		}
		if strings.Contains(body, name+".") {
			used = append(used, path)
		}
	}
	if len(used) > 0 {
		fmt.Fprintf(&text, "import (\n%s\n)\n\n", strings.Join(used, "\n"))
	}
	text.WriteString(body)
	formatted, err := format.Source([]byte(text.String()))
	if err != nil {
		return "", fmt.Errorf("the generated Go does not parse: %w", err)
	}
	return string(formatted), nil
}

// goType is the Go type of a field; null is a pointer to nothing.
func goType(f *schema.Field) string {
	text := "string"
	switch {
	case f.Name == "id" || f.IsForeignID():
		if f.IDStrategy() == schema.SerialIDs {
			text = "int64"
		}
	case f.Type == schema.Number:
		text = "int64"
	case f.Type == schema.Boolean:
		text = "bool"
	case f.Type == schema.Date:
		text = "time.Time"
	case f.Type == schema.JSON:
		return "json.RawMessage"
	case f.Type == schema.StringArray:
		return "[]string"
	case f.Type == schema.NumberArray:
		return "[]float64"
	}
	if f.Optional {
		return "*" + text
	}
	return text
}

// columnType is the type of a field's column.
func columnType(r Request, t *schema.Table, position int) string {
	d, err := definition.Of(r.Dialect)
	if err != nil {
		return ""
	}
	return d.Type(migrate.FieldOf(t, position))
}

// indexed is what an index over several fields makes of one of them.
type indexed struct {
	name   string
	unique bool
	order  int
}

// indexesOf returns the indexes that a field is part of, its own included.
func indexesOf(t *schema.Table, f *schema.Field) []indexed {
	var list []indexed
	if f.Index && !f.Unique {
		list = append(list, indexed{migrate.IndexName(t.Name, []string{f.Column}, false), false, 0})
	}
	for _, index := range t.Indexes {
		at := slices.Index(index.Fields, f.Name)
		if at >= 0 {
			list = append(list, indexed{nameOf(t, index), index.Unique, at + 1})
		}
	}
	return list
}

// columnsOf are the columns of an index.
func columnsOf(t *schema.Table, index schema.Index) []string {
	columns := make([]string, len(index.Fields))
	for i, name := range index.Fields {
		columns[i] = t.Field(name).Column
	}
	return columns
}

func nameOf(t *schema.Table, index schema.Index) string {
	if index.Name != "" {
		return index.Name
	}
	return migrate.IndexName(t.Name, columnsOf(t, index), index.Unique)
}

// member is the name of a relation in a Go struct or a schema: that of the other
// model where that is clear, else that of the field.
func (r relation) member() string {
	if r.alone {
		return r.to.name
	}
	name := r.field.Name
	for _, end := range []string{"Id", "ID", "_id"} {
		name = strings.TrimSuffix(name, end)
	}
	return exported(name)
}

// back is the name of the relation from the other side.
func (r relation) back() string {
	name := r.from.name
	if !r.field.Unique {
		name = plural(name)
	}
	if !r.alone {
		name += "By" + exported(r.field.Name)
	}
	return name
}

// gormModels writes a struct for each table. The column types are given, so that
// GORM's own migration finds nothing to change.
func gormModels(r Request) (string, error) {
	models, err := modelsOf(r.Schema)
	if err != nil {
		return "", err
	}
	var body strings.Builder
	for _, m := range models {
		fmt.Fprintf(&body, "// %s is a row of the table %q.\ntype %s struct {\n", m.name, m.Name, m.name)
		for i := range m.Fields {
			f := &m.Fields[i]
			fmt.Fprintf(&body, "%s %s `gorm:%s json:%s`\n", exported(f.Name), goType(f), quoteTag(gormTag(r, m, i)), quoteTag(jsonTag(f)))
		}
		for _, relation := range m.references {
			fmt.Fprintf(&body, "%s *%s `gorm:%s json:\"-\"`\n", free(m, relation.member()), relation.to.name,
				quoteTag(fmt.Sprintf("foreignKey:%s;references:%s;constraint:OnDelete:%s", exported(relation.field.Name), exported(relation.target.Name), strings.ToUpper(string(relation.onDelete())))))
		}
		fmt.Fprintf(&body, "}\n\n// TableName is the name of the table.\nfunc (%s) TableName() string { return %q }\n\n", m.name, m.Name)
	}
	return goFile(r.Package, "has the tables of authentication as GORM models.", []string{"encoding/json", "time"}, body.String())
}

// free is a name for a member that no field has.
func free(m *model, name string) string {
	for slices.ContainsFunc(m.Fields, func(f schema.Field) bool { return exported(f.Name) == name }) {
		name += "Row"
	}
	return name
}

func quoteTag(text string) string {
	return "\"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "").Replace(text) + "\""
}

func jsonTag(f *schema.Field) string {
	if f.Hidden {
		return "-"
	}
	return f.Name
}

func gormTag(r Request, m *model, position int) string {
	f := &m.Fields[position]
	parts := []string{"column:" + f.Column, "type:" + strings.Fields(columnType(r, m.Table, position))[0]}
	if position == 0 {
		parts = append(parts, "primaryKey")
		if f.IDStrategy() == schema.SerialIDs {
			parts = append(parts, "autoIncrement")
		}
	}
	if !f.Optional && position > 0 {
		parts = append(parts, "not null")
	}
	if f.Unique {
		parts = append(parts, "unique")
	}
	for _, index := range indexesOf(m.Table, f) {
		text := "index:" + index.name
		if index.unique {
			text += ",unique"
		}
		if index.order > 0 {
			text += fmt.Sprintf(",priority:%d", index.order)
		}
		parts = append(parts, text)
	}
	if f.Type == schema.StringArray || f.Type == schema.NumberArray {
		parts = append(parts, "serializer:json")
	}
	return strings.Join(parts, ";")
}

// bunModels writes a struct for each table.
func bunModels(r Request) (string, error) {
	models, err := modelsOf(r.Schema)
	if err != nil {
		return "", err
	}
	var body strings.Builder
	for _, m := range models {
		fmt.Fprintf(&body, "// %s is a row of the table %q.\ntype %s struct {\nbun.BaseModel `bun:%s`\n\n", m.name, m.Name, m.name, quoteTag("table:"+m.Name))
		for i := range m.Fields {
			f := &m.Fields[i]
			fmt.Fprintf(&body, "%s %s `bun:%s json:%s`\n", exported(f.Name), goType(f), quoteTag(bunTag(r, m, i)), quoteTag(jsonTag(f)))
		}
		for _, relation := range m.references {
			fmt.Fprintf(&body, "%s *%s `bun:%s json:\"-\"`\n", free(m, relation.member()), relation.to.name,
				quoteTag(fmt.Sprintf("rel:belongs-to,join:%s=%s", relation.field.Column, relation.target.Column)))
		}
		for _, relation := range m.referenced {
			kind, many := "rel:has-many", "[]"
			if relation.field.Unique {
				kind, many = "rel:has-one", ""
			}
			fmt.Fprintf(&body, "%s %s*%s `bun:%s json:\"-\"`\n", free(m, relation.back()), many, relation.from.name,
				quoteTag(fmt.Sprintf("%s,join:%s=%s", kind, relation.target.Column, relation.field.Column)))
		}
		body.WriteString("}\n\n")
	}
	return goFile(r.Package, "has the tables of authentication as Bun models.", []string{"encoding/json", "time", "github.com/uptrace/bun"}, body.String())
}

func bunTag(r Request, m *model, position int) string {
	f := &m.Fields[position]
	parts := []string{f.Column}
	if position == 0 {
		parts = append(parts, "pk")
		if f.IDStrategy() == schema.SerialIDs {
			parts = append(parts, "autoincrement")
		}
	}
	parts = append(parts, "type:"+strings.Fields(columnType(r, m.Table, position))[0])
	if !f.Optional && position > 0 {
		parts = append(parts, "notnull")
	}
	if f.Unique {
		parts = append(parts, "unique")
	}
	return strings.Join(parts, ",")
}
