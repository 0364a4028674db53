package generate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// drizzle is a file that is being written.
type drizzle struct {
	Request
	table, module, any string // names of Drizzle
	imports            map[string]bool
	needsSQL, needsISO bool
}

// drizzleSchema writes tables and relations. The columns are those that the
// library creates, so that both can work on one database.
func drizzleSchema(r Request) (string, error) {
	models, err := modelsOf(r.Schema)
	if err != nil {
		return "", err
	}
	d := &drizzle{Request: r, imports: map[string]bool{}}
	switch r.Dialect {
	case "sqlite":
		d.table, d.module, d.any = "sqliteTable", "drizzle-orm/sqlite-core", "AnySQLiteColumn"
	case "postgres":
		d.table, d.module, d.any = "pgTable", "drizzle-orm/pg-core", "AnyPgColumn"
	case "mysql":
		d.table, d.module, d.any = "mysqlTable", "drizzle-orm/mysql-core", "AnyMySqlColumn"
	}
	d.imports[d.table] = true
	var body strings.Builder
	for _, m := range models {
		d.model(&body, m)
	}
	related := false
	for _, m := range models {
		if d.relations(&body, m) {
			related = true
		}
	}
	return d.head(related) + body.String(), nil
}

func (d *drizzle) head(related bool) string {
	var names, general []string
	for name := range d.imports {
		names = append(names, name)
	}
	slices.Sort(names)
	if related {
		general = append(general, "relations")
	}
	if d.needsSQL {
		general = append(general, "sql")
	}
	text := ""
	if len(general) > 0 {
		text = fmt.Sprintf("import { %s } from \"drizzle-orm\";\n", strings.Join(general, ", "))
	}
	text += fmt.Sprintf("import { %s } from %q;\n\n", strings.Join(names, ", "), d.module)
	if d.needsISO {
		text += "// Dates are kept as text, such as 2026-01-02T03:04:05.000Z.\n" +
			"const isoDate = customType<{ data: Date; driverData: string }>({\n" +
			"  dataType: () => \"date\",\n" +
			"  toDriver: (value) => value.toISOString(),\n" +
			"  fromDriver: (value) => new Date(value),\n});\n\n"
	}
	return text
}

// variable is the name of a table's constant.
func variable(m *model) string {
	name := m.Name
	if !identifier.MatchString(name) {
		name = camel(name)
	}
	if slices.Contains(typescriptWords, name) {
		name += "Table"
	}
	return name
}

// typescriptWords cannot name a constant, or mean something here already.
var typescriptWords = []string{
	"break", "case", "catch", "class", "const", "continue", "default", "delete", "do", "else", "enum", "export", "extends", "false", "for", "function",
	"if", "import", "in", "instanceof", "let", "new", "null", "package", "return", "static", "super", "switch", "this", "throw", "true", "try", "typeof",
	"var", "void", "while", "with", "yield", "await", "relations", "sql", "text", "integer", "boolean", "timestamp", "index", "uniqueIndex", "uuid", "json", "jsonb",
	"varchar", "bigint", "int", "isoDate", "customType", "Date",
}

// property is the name of a member of an object.
func property(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}

var lengthOf = regexp.MustCompile(`^varchar\((\d+)\)$`)

func (d *drizzle) model(body *strings.Builder, m *model) {
	fmt.Fprintf(body, "export const %s = %s(%s, {\n", variable(m), d.table, jsonText(m.Name))
	for i := range m.Fields {
		fmt.Fprintf(body, "  %s: %s,\n", property(m.Fields[i].Name), d.column(m, i))
	}
	body.WriteString("}")
	var indexes []string
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Index && !f.Unique {
			indexes = append(indexes, d.index(m, indexesOf(m.Table, f)[0].name, []string{f.Name}, false))
		}
	}
	for _, index := range m.Indexes {
		indexes = append(indexes, d.index(m, nameOf(m.Table, index), index.Fields, index.Unique))
	}
	if len(indexes) > 0 {
		fmt.Fprintf(body, ", (table) => [\n  %s,\n]", strings.Join(indexes, ",\n  "))
	}
	body.WriteString(");\n\n")
}

func (d *drizzle) index(m *model, name string, fields []string, unique bool) string {
	kind := "index"
	if unique {
		kind = "uniqueIndex"
	}
	d.imports[kind] = true
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = member("table", m.Field(f).Name)
	}
	return fmt.Sprintf("%s(%s).on(%s)", kind, jsonText(name), strings.Join(columns, ", "))
}

func member(object, name string) string {
	if identifier.MatchString(name) {
		return object + "." + name
	}
	return object + "[" + strconv.Quote(name) + "]"
}

// column is the expression that makes a column.
func (d *drizzle) column(m *model, position int) string {
	f := &m.Fields[position]
	text := d.columnType(m, position)
	switch {
	case position == 0 && f.IDStrategy() == schema.SerialIDs && d.Dialect == "postgres":
		return text + ".primaryKey().generatedByDefaultAsIdentity()"
	case position == 0 && f.IDStrategy() == schema.SerialIDs && d.Dialect == "mysql":
		return text + ".autoincrement().primaryKey()"
	case position == 0 && f.IDStrategy() == schema.UUIDs && d.Dialect == "postgres":
		d.needsSQL = true
		return text + ".primaryKey().default(sql`pg_catalog.gen_random_uuid()`)"
	case position == 0:
		return text + ".primaryKey()"
	}
	text += d.defaults(f)
	if !f.Optional {
		text += ".notNull()"
	}
	if f.Unique {
		text += ".unique()"
	}
	for _, r := range m.references {
		if r.field != f {
			continue
		}
		annotation := "()"
		if r.to == m {
			d.imports["type "+d.any] = true
			annotation = "(): " + d.any
		}
		text += fmt.Sprintf(".references(%s => %s, { onDelete: %q })", annotation, member(variable(r.to), r.target.Name), string(r.onDelete()))
	}
	return text
}

func (d *drizzle) columnType(m *model, position int) string {
	f := &m.Fields[position]
	column := strings.Fields(columnType(d.Request, m.Table, position))[0]
	kind, options := column, ""
	switch {
	case column == "timestamptz":
		kind, options = "timestamp", ", { withTimezone: true }"
	case column == "timestamp(3)":
		kind, options = "timestamp", ", { fsp: 3 }"
	case column == "integer" && d.Dialect == "mysql":
		kind = "int"
	case column == "bigint" && d.Dialect == "sqlite":
		kind, options = "integer", ", { mode: \"number\" }"
	case column == "bigint":
		options = ", { mode: \"number\" }"
	case column == "integer" && f.Type == schema.Boolean:
		options = ", { mode: \"boolean\" }"
	case column == "date":
		d.needsISO = true
		d.imports["customType"] = true
		return fmt.Sprintf("isoDate(%s)", jsonText(f.Column))
	case lengthOf.MatchString(column):
		kind = "varchar"
		options = ", { length: " + lengthOf.FindStringSubmatch(column)[1] + enumOf(f, ", ") + " }"
	case column == "text" && len(f.Values) > 0:
		options = ", { " + enumOf(f, "") + " }"
	case column == "text" && (f.Type == schema.JSON || f.Type == schema.StringArray || f.Type == schema.NumberArray):
		options = ", { mode: \"json\" }"
	}
	d.imports[kind] = true
	return fmt.Sprintf("%s(%s%s)", kind, jsonText(f.Column), options) + elementType(f)
}

// elementType tells TypeScript what a list in JSON has.
func elementType(f *schema.Field) string {
	switch f.Type {
	case schema.StringArray:
		return ".$type<string[]>()"
	case schema.NumberArray:
		return ".$type<number[]>()"
	}
	return ""
}

func enumOf(f *schema.Field, before string) string {
	if len(f.Values) == 0 {
		return ""
	}
	values := make([]string, len(f.Values))
	for i, v := range f.Values {
		values[i] = jsonText(v)
	}
	return before + "enum: [" + strings.Join(values, ", ") + "]"
}

// defaults are filled in by Drizzle, as the library fills them in; only those of
// dates are in the database as well, except on SQLite.
func (d *drizzle) defaults(f *schema.Field) string {
	text := ""
	switch v := f.Default.(type) {
	case string:
		text = ".$defaultFn(() => " + jsonText(v)
		if len(f.Values) > 0 {
			text += " as const"
		}
		text += ")"
	case bool, int, int64, float64:
		text = fmt.Sprintf(".$defaultFn(() => %v)", v)
	}
	if f.Default == schema.Now {
		text = ".defaultNow()"
		if d.Dialect == "sqlite" {
			text = ".$defaultFn(() => new Date())"
		}
	}
	if f.OnUpdate == schema.Now {
		text += ".$onUpdate(() => new Date())"
	}
	return text
}

// relations writes what belongs together, and reports whether anything does.
func (d *drizzle) relations(body *strings.Builder, m *model) bool {
	var members, makers []string
	taken := map[string]bool{}
	add := func(name, text string) {
		for taken[name] {
			name += "Row"
		}
		taken[name] = true
		members = append(members, fmt.Sprintf("  %s: %s,", property(name), text))
	}
	for _, r := range m.references {
		makers = append(makers, "one")
		add(camel(r.member()), fmt.Sprintf("one(%s, { fields: [%s], references: [%s]%s })",
			variable(r.to), member(variable(m), r.field.Name), member(variable(r.to), r.target.Name), relationName(r, ", ")))
	}
	for _, r := range m.referenced {
		maker, options := "many", relationName(r, "")
		if r.field.Unique {
			maker = "one"
		}
		makers = append(makers, maker)
		if options != "" {
			options = ", { " + options + " }"
		}
		add(camel(r.back()), fmt.Sprintf("%s(%s%s)", maker, variable(r.from), options))
	}
	if len(members) == 0 {
		return false
	}
	slices.Sort(makers)
	fmt.Fprintf(body, "export const %sRelations = relations(%s, ({ %s }) => ({\n%s\n}));\n\n",
		variable(m), variable(m), strings.Join(slices.Compact(makers), ", "), strings.Join(members, "\n"))
	return true
}

func relationName(r relation, before string) string {
	if r.alone {
		return ""
	}
	return before + "relationName: " + jsonText(r.from.Name+"_"+r.field.Name)
}
