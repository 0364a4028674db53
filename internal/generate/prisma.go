package generate

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

var prismaProviders = map[string]string{"sqlite": "sqlite", "postgres": "postgresql", "mysql": "mysql"}

// prismaSchema writes a whole file.
func prismaSchema(r Request) (string, error) {
	client, url := "prisma-client-js", "\n  url      = env(\"DATABASE_URL\")"
	if r.Dialect == "sqlite" {
		url = "\n  url      = \"file:./dev.db\""
	}
	if r.PrismaMajor >= 7 {
		client, url = "prisma-client\"\n  output   = \"../generated/prisma", ""
	}
	head := fmt.Sprintf("generator client {\n  provider = \"%s\"\n}\n\ndatasource db {\n  provider = \"%s\"%s\n}\n", client, prismaProviders[r.Dialect], url)
	return prismaMerge(r, head)
}

// prismaMerge adds to a file what it lacks: models, fields, relations and indexes.
// What is there stays, whoever wrote it.
func prismaMerge(r Request, existing string) (string, error) {
	models, err := modelsOf(r.Schema)
	if err != nil {
		return "", err
	}
	p := &prisma{Request: r, lines: strings.Split(strings.TrimRight(existing, "\n"), "\n"), names: map[*model]string{}}
	for _, m := range models {
		p.names[m] = p.nameOf(m)
	}
	for _, m := range models {
		p.add(m)
	}
	return strings.Join(p.lines, "\n") + "\n", nil
}

// prisma is a file that is being completed.
type prisma struct {
	Request
	lines []string
	names map[*model]string // of the models in the file
}

var modelLine = regexp.MustCompile(`^\s*model\s+(\w+)\s*\{`)

// block finds a model: the line that opens it and the one that closes it.
func (p *prisma) block(matches func(name string, body []string) bool) (first, last int) {
	for i := 0; i < len(p.lines); i++ {
		opened := modelLine.FindStringSubmatch(p.lines[i])
		if opened == nil {
			continue
		}
		end := i + 1
		for end < len(p.lines) && strings.TrimSpace(p.lines[end]) != "}" {
			end++
		}
		if matches(opened[1], p.lines[i+1:min(end, len(p.lines))]) {
			return i, end
		}
		i = end
	}
	return -1, -1
}

// nameOf is the name of a model: that of the block that is mapped to its table, or
// the table's with a capital.
func (p *prisma) nameOf(m *model) string {
	mapped := "@@map(" + strconv.Quote(m.Name) + ")"
	first, _ := p.block(func(_ string, body []string) bool {
		return slices.ContainsFunc(body, func(line string) bool {
			return strings.HasPrefix(strings.ReplaceAll(strings.TrimSpace(line), " ", ""), mapped)
		})
	})
	if first >= 0 {
		return modelLine.FindStringSubmatch(p.lines[first])[1]
	}
	if identifier.MatchString(m.Name) {
		return strings.ToUpper(m.Name[:1]) + m.Name[1:]
	}
	return m.name
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// add completes the block of a model, or appends one.
func (p *prisma) add(m *model) {
	name := p.names[m]
	first, last := p.block(func(have string, _ []string) bool { return have == name })
	if first < 0 {
		p.lines = append(p.lines, "", "model "+name+" {")
		first, last = len(p.lines)-1, len(p.lines)
		p.lines = append(p.lines, "}")
	}
	body := slices.Clone(p.lines[first+1 : last])
	for i := range m.Fields {
		body = p.field(body, m, i)
	}
	for _, r := range m.references {
		body = p.reference(body, m, r)
	}
	for _, r := range m.referenced {
		body = p.referenced(body, m, r)
	}
	for _, attribute := range p.attributes(m) {
		if !hasAttribute(body, attribute) {
			body = append(body, "  "+attribute)
		}
	}
	p.lines = slices.Concat(p.lines[:first+1], body, p.lines[last:])
}

// at is the line that declares a field, or -1.
func at(body []string, name string) int {
	return slices.IndexFunc(body, func(line string) bool {
		words := strings.Fields(line)
		return len(words) > 1 && words[0] == name
	})
}

// insert puts a line behind the fields, before the attributes of the model.
func insert(body []string, line string) []string {
	end := slices.IndexFunc(body, func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "@@") })
	if end < 0 {
		end = len(body)
	}
	for end > 0 && strings.TrimSpace(body[end-1]) == "" {
		end--
	}
	return slices.Insert(body, end, "  "+line)
}

// fieldName is the column's name where Prisma can have it.
func fieldName(f *schema.Field) string {
	if identifier.MatchString(f.Column) {
		return f.Column
	}
	return f.Name
}

var numberType = regexp.MustCompile(`^(\s*\w+\s+)(Int|BigInt)\b`)

func (p *prisma) field(body []string, m *model, position int) []string {
	f := &m.Fields[position]
	if have := at(body, fieldName(f)); have >= 0 {
		if position > 0 && f.Type == schema.Number && !f.IsForeignID() {
			body[have] = numberType.ReplaceAllString(body[have], "${1}"+p.typeOf(f, false))
		}
		return body
	}
	text := fieldName(f) + " " + p.typeOf(f, position == 0)
	if f.Optional {
		text += "?"
	}
	if position == 0 {
		text += " @id"
		if f.IDStrategy() == schema.SerialIDs {
			text += " @default(autoincrement())"
		} else if f.IDStrategy() == schema.UUIDs && p.Dialect == "postgres" {
			text += ` @default(dbgenerated("pg_catalog.gen_random_uuid()"))`
		}
	}
	text += p.defaults(f)
	if f.Unique {
		text += " @unique"
	}
	if fieldName(f) != f.Column {
		text += " @map(" + strconv.Quote(f.Column) + ")"
	}
	return insert(body, text+p.native(m, position))
}

func (p *prisma) typeOf(f *schema.Field, key bool) string {
	switch {
	case (key || f.IsForeignID()) && f.IDStrategy() == schema.SerialIDs:
		return "Int"
	case key || f.IsForeignID():
		return "String"
	}
	switch f.Type {
	case schema.Number:
		if f.BigInt {
			return "BigInt"
		}
		return "Int"
	case schema.Boolean:
		return "Boolean"
	case schema.Date:
		return "DateTime"
	case schema.JSON, schema.StringArray, schema.NumberArray:
		if p.Dialect != "sqlite" {
			return "Json"
		}
	}
	return "String"
}

func (p *prisma) defaults(f *schema.Field) string {
	text := ""
	switch v := f.Default.(type) {
	case string:
		if f.Type == schema.String && (p.Dialect != "mysql" || f.Unique || f.Index || f.Sortable) {
			text = " @default(" + jsonText(v) + ")"
		}
	case bool:
		text = fmt.Sprintf(" @default(%t)", v)
	case int, int64:
		text = fmt.Sprintf(" @default(%d)", v)
	}
	if f.Default == schema.Now {
		text = " @default(now())"
	}
	if f.OnUpdate == schema.Now {
		text += " @updatedAt"
	}
	return text
}

func jsonText(v string) string {
	text, err := json.Marshal(v)
	if err != nil {
		return `""`
	}
	return string(text)
}

var length = regexp.MustCompile(`^varchar\((\d+)\)$`)

// native is the column type where it is not what Prisma would choose.
func (p *prisma) native(m *model, position int) string {
	column := columnType(p.Request, m.Table, position)
	switch {
	case p.Dialect == "postgres" && strings.HasPrefix(column, "uuid"):
		return " @db.Uuid"
	case p.Dialect == "postgres" && column == "timestamptz":
		return " @db.Timestamptz(6)"
	case p.Dialect == "mysql" && column == "text":
		return " @db.Text"
	case p.Dialect == "mysql" && column == "timestamp(3)":
		return " @db.Timestamp(3)"
	case p.Dialect == "mysql" && length.MatchString(column):
		return " @db.VarChar(" + length.FindStringSubmatch(column)[1] + ")"
	}
	return ""
}

var prismaActions = map[schema.OnDelete]string{
	schema.Cascade: "Cascade", schema.NoAction: "NoAction", schema.Restrict: "Restrict", schema.SetNull: "SetNull", schema.SetDefault: "SetDefault",
}

// relationName tells two relations between the same models apart.
func (p *prisma) relationName(r relation) string {
	if r.alone {
		return ""
	}
	return strconv.Quote(p.names[r.from]+"_"+fieldName(r.field)) + ", "
}

func (p *prisma) reference(body []string, m *model, r relation) []string {
	over := regexp.MustCompile(`@relation\(.*fields:\s*\[\s*` + regexp.QuoteMeta(fieldName(r.field)) + `\s*\]`)
	if slices.ContainsFunc(body, over.MatchString) {
		return body
	}
	name := camel(r.member())
	for at(body, name) >= 0 || m.Field(name) != nil {
		name += "Row"
	}
	optional := ""
	if r.field.Optional {
		optional = "?"
	}
	return insert(body, fmt.Sprintf("%s %s%s @relation(%sfields: [%s], references: [%s], onDelete: %s)",
		name, p.names[r.to], optional, p.relationName(r), fieldName(r.field), fieldName(r.target), prismaActions[r.onDelete()]))
}

func (p *prisma) referenced(body []string, m *model, r relation) []string {
	other := p.names[r.from]
	there := regexp.MustCompile(`^\s*\w+\s+` + other + `(\[\]|\?)`)
	if name := p.relationName(r); name != "" {
		there = regexp.MustCompile(`^\s*\w+\s+` + other + `(\[\]|\?).*` + regexp.QuoteMeta(strings.TrimSuffix(name, ", ")))
	}
	if slices.ContainsFunc(body, func(line string) bool { return there.MatchString(line) && !strings.Contains(line, "fields:") }) {
		return body
	}
	name, kind := camel(r.back()), "[]"
	if r.field.Unique {
		kind = "?"
	}
	for at(body, name) >= 0 || m.Field(name) != nil {
		name += "Rows"
	}
	text := name + " " + other + kind
	if relation := p.relationName(r); relation != "" {
		text += " @relation(" + strings.TrimSuffix(relation, ", ") + ")"
	}
	return insert(body, text)
}

// attributes are the indexes and the table of a model.
func (p *prisma) attributes(m *model) []string {
	var list []string
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Index && !f.Unique {
			list = append(list, fmt.Sprintf("@@index([%s], map: %q)", fieldName(f), indexesOf(m.Table, f)[0].name))
		}
	}
	for _, index := range m.Indexes {
		kind := "index"
		if index.Unique {
			kind = "unique"
		}
		var names []string
		for _, name := range index.Fields {
			names = append(names, fieldName(m.Field(name)))
		}
		list = append(list, fmt.Sprintf("@@%s([%s], map: %q)", kind, strings.Join(names, ", "), nameOf(m.Table, index)))
	}
	return append(list, "@@map("+strconv.Quote(m.Name)+")")
}

// hasAttribute reports whether a model has an attribute over the same fields, or
// any map.
func hasAttribute(body []string, attribute string) bool {
	wanted, _, _ := strings.Cut(attribute, "]")
	if strings.HasPrefix(attribute, "@@map") {
		wanted = "@@map("
	}
	wanted = strings.ReplaceAll(wanted, " ", "")
	return slices.ContainsFunc(body, func(line string) bool {
		line = strings.ReplaceAll(line, " ", "")
		return strings.HasPrefix(line, wanted+"]") || strings.HasPrefix(line, "@@map(") && wanted == "@@map(" || strings.HasPrefix(line, wanted+"(")
	})
}
