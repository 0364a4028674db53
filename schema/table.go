package schema

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// IDStrategy says who makes the ids of new rows and how they are stored.
type IDStrategy string

// The id strategies. In the API ids are strings under every one of them.
const (
	// TextIDs are random strings made by the library: the default.
	TextIDs IDStrategy = ""
	// UUIDs are random (version 4) UUIDs.
	UUIDs IDStrategy = "uuid"
	// SerialIDs are numbers counted up by the database.
	SerialIDs IDStrategy = "serial"
	// DatabaseIDs are left to the database without further assumptions.
	DatabaseIDs IDStrategy = "database"
)

// Rename gives a model and its built-in fields other names in the store.
type Rename struct {
	// Table is the table name. Empty keeps it.
	Table string
	// Columns maps logical field names to column names. Empty names are ignored.
	Columns map[string]string
}

// Definition is everything a [Schema] is compiled from.
type Definition struct {
	// Models are the core models, in the order in which they are created.
	Models []Model
	// Plugins are models of plugins, in plugin order: new tables, or fields for
	// tables that exist.
	Plugins []Model
	// Additional are the application's own fields by model key.
	Additional map[string][]Field
	// Renames are the application's names by model key.
	Renames map[string]Rename
	// PluralNames appends "s" to every table name.
	PluralNames bool
	// IDs is the id strategy; the zero value means [TextIDs].
	IDs IDStrategy
	// ModelIDs are the id strategies of models that have another one, by model key.
	ModelIDs map[string]IDStrategy
}

// Schema is a compiled set of tables. It is immutable.
type Schema struct {
	// Tables are in the order in which they are created.
	Tables []*Table
	// IDs is the id strategy of all tables that have none of their own.
	IDs IDStrategy

	byKey map[string]*Table
}

// Table is a compiled model. It is immutable.
type Table struct {
	// Key is the logical name, Name the name in the store.
	Key, Name string
	// Fields are all fields in order; Fields[0] is the id.
	Fields []Field
	// Indexes are the indexes over several fields.
	Indexes []Index
	// Unmanaged tables are ignored by migrations.
	Unmanaged bool
	// IDs is the id strategy of the table.
	IDs IDStrategy

	byName map[string]int
	blank  []any
}

// Table returns the table of a model key, or nil when there is none.
func (s *Schema) Table(key string) *Table { return s.byKey[key] }

// Position returns the position of a field by its logical or column name, or -1
// when the table has no such field.
func (t *Table) Position(name string) int {
	if i, ok := t.byName[name]; ok {
		return i
	}
	for i := range t.Fields {
		if t.Fields[i].Column == name {
			return i
		}
	}
	return -1
}

// Field returns the field of a logical or column name, or nil.
func (t *Table) Field(name string) *Field {
	if i := t.Position(name); i >= 0 {
		return &t.Fields[i]
	}
	return nil
}

// With returns the table with one more field behind the others. It is for
// columns that are found in a database and that the schema does not know; the
// table is none of the schema's.
func (t *Table) With(f Field) *Table {
	f.Column = f.column()
	if f.Type == "" {
		f.Type = String
	}
	wider := *t
	wider.Fields = append(slices.Clone(t.Fields), f)
	wider.blank = append(slices.Clone(t.blank), absent)
	wider.byName = maps.Clone(t.byName)
	wider.byName[f.Name] = len(t.Fields)
	return &wider
}

// Compile checks a definition and compiles it. The error lists every problem.
func Compile(d Definition) (*Schema, error) {
	c := compiler{definition: d, schema: &Schema{IDs: d.IDs, byKey: map[string]*Table{}}, owners: map[string]string{}}
	for _, m := range d.Models {
		c.add(m, true)
	}
	for _, m := range d.Plugins {
		c.add(m, false)
	}
	for _, key := range sortedKeys(d.Additional) {
		c.extend(key, d.Additional[key])
	}
	for _, key := range sortedKeys(d.Renames) {
		c.rename(key, d.Renames[key])
	}
	c.identify()
	c.finish()
	if len(c.problems) > 0 {
		return nil, errors.Join(c.problems...)
	}
	return c.schema, nil
}

type compiler struct {
	definition Definition
	schema     *Schema
	problems   []error
	owners     map[string]string // who declared a field, by "model.field"
}

func (c *compiler) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// add creates the table of a model, or merges the model into the table that has
// its key already.
func (c *compiler) add(m Model, core bool) {
	owner := ownerOf(m, core)
	if reason := reserved(m.Key); reason != "" {
		c.problem("schema: %s declares a model named %q, which %s; choose another name", owner, m.Key, reason)
		return
	}
	t := c.schema.byKey[m.Key]
	if t == nil {
		t = &Table{Key: m.Key, Name: m.Key, Fields: []Field{{Name: "id", Column: "id", Type: String}}}
		c.schema.byKey[m.Key] = t
		c.schema.Tables = append(c.schema.Tables, t)
	}
	if !core && c.isCore(m.Key) {
		m.Table = "" // the name of a core table is the application's to choose
	}
	if m.Table != "" {
		t.Name = m.Table
	}
	t.Unmanaged = t.Unmanaged || m.Unmanaged
	c.fields(t, m.Fields, owner)
	for _, index := range m.Indexes {
		if !slices.ContainsFunc(t.Indexes, index.equal) {
			t.Indexes = append(t.Indexes, index)
		}
	}
}

func (c *compiler) isCore(key string) bool {
	return slices.ContainsFunc(c.definition.Models, func(m Model) bool { return m.Key == key })
}

// theOptions own what the application declares.
const theOptions = "the application"

// ownerOf says who declares a model.
func ownerOf(m Model, core bool) string {
	switch {
	case core:
		return "the library"
	case m.Owner == "":
		return "a plugin"
	}
	return "plugin " + strconv.Quote(m.Owner)
}

// reserved says why a name cannot be given to a model or a field, or "".
func reserved(name string) string {
	switch {
	case name == "":
		return "is empty"
	case name == "id", name == "_id":
		return "is the name of the key that every row has"
	case name == "__proto__", name == "constructor", name == "prototype":
		return "means something else to clients written in JavaScript"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}

// fields merges field declarations. The application may replace a plugin's
// field by one of the same type, in place; any other two declarations of one
// field must agree.
func (c *compiler) fields(t *Table, fields []Field, owner string) {
	for _, f := range fields {
		switch {
		case f.problem != nil:
			c.problem("schema: model %q: %w", t.Key, f.problem)
			continue
		case reserved(f.Name) != "":
			c.problem("schema: model %q declares a field named %q, which %s; choose another name", t.Key, f.Name, reserved(f.Name))
			continue
		case f.Type == "":
			f.Type = String
		}
		if !f.Type.known() {
			c.problem("schema: field %q of model %q has the unknown type %q; use one of string, number, boolean, date, json, string[], number[]", f.Name, t.Key, f.Type)
			continue
		}
		f.Column = f.column()
		place := t.Key + "." + f.Name
		at := slices.IndexFunc(t.Fields, func(have Field) bool { return have.Name == f.Name })
		if at < 0 {
			t.Fields = append(t.Fields, f)
			c.owners[place] = owner
			continue
		}
		have := &t.Fields[at]
		if difference := have.differs(&f, owner == theOptions); difference != "" {
			c.problem("schema: field %q of model %q is declared by %s and, with %s, by %s; rename one of them",
				f.Name, t.Key, c.owners[place], difference, owner)
			continue
		}
		t.Fields[at], c.owners[place] = f, owner
	}
}

// differs says what keeps two declarations of one field from being one, or "".
// To replace a field only its type must be the same.
func (f *Field) differs(other *Field, replace bool) string {
	switch {
	case f.Type != other.Type:
		return "the type " + string(other.Type) + " instead of " + string(f.Type)
	case replace:
		return ""
	case f.Column != other.Column:
		return "another column"
	case f.Optional != other.Optional, f.Unique != other.Unique:
		return "other constraints"
	case f.NoInput != other.NoInput, f.Hidden != other.Hidden:
		return "other access"
	case !reflect.DeepEqual(f.References, other.References):
		return "another reference"
	case !slices.Equal(f.Values, other.Values):
		return "other values"
	}
	return ""
}

func (c *compiler) extend(key string, fields []Field) {
	t := c.schema.byKey[key]
	if t == nil {
		c.problem("schema: additional fields are declared for the unknown model %q; there are %s", key, c.models())
		return
	}
	for _, f := range fields {
		if c.isBuiltIn(key, f.Name) {
			c.problem("schema: additional field %q of model %q has the name of a built-in field; choose another name", f.Name, key)
			continue
		}
		c.fields(t, []Field{f}, theOptions)
	}
}

func (c *compiler) isBuiltIn(key, name string) bool {
	for _, m := range c.definition.Models {
		if m.Key == key {
			return slices.ContainsFunc(m.Fields, func(f Field) bool { return f.Name == name })
		}
	}
	return false
}

func (c *compiler) rename(key string, r Rename) {
	t := c.schema.byKey[key]
	if t == nil {
		c.problem("schema: names are given for the unknown model %q; there are %s", key, c.models())
		return
	}
	if r.Table != "" {
		t.Name = r.Table
	}
	for _, name := range sortedKeys(r.Columns) {
		at := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
		switch {
		case at <= 0:
			c.problem("schema: a column name is given for the unknown field %q of model %q", name, key)
		case r.Columns[name] != "":
			t.Fields[at].Column = r.Columns[name]
		}
	}
}

// identify gives every table its id strategy, and that of other tables to the fields
// that hold their ids.
func (c *compiler) identify() {
	d := &c.definition
	for _, t := range c.schema.Tables {
		t.IDs = d.IDs
	}
	for _, key := range sortedKeys(d.ModelIDs) {
		if t := c.schema.byKey[key]; t != nil {
			t.IDs = d.ModelIDs[key]
		} else {
			c.problem("schema: an id strategy is given for the unknown model %q; there are %s", key, c.models())
		}
	}
	for _, t := range c.schema.Tables {
		if !t.IDs.known() {
			c.problem("schema: model %q has the unknown id strategy %q; use one of uuid, serial, database, or none", t.Key, t.IDs)
		}
		for i := range t.Fields {
			switch f := &t.Fields[i]; {
			case i == 0:
				f.ids = t.IDs
			case f.IsForeignID():
				f.ids = d.IDs
				if to := c.schema.byKey[f.References.Model]; to != nil {
					f.ids = to.IDs
				}
			}
		}
	}
}

func (s IDStrategy) known() bool {
	return s == TextIDs || s == UUIDs || s == SerialIDs || s == DatabaseIDs
}

// models lists the models by their keys.
func (c *compiler) models() string {
	return strings.Join(sortedKeys(c.schema.byKey), ", ")
}

// finish applies plural names, builds the look-up tables and checks what can
// only be checked when every table is known.
func (c *compiler) finish() {
	names := map[string]string{}
	for _, t := range c.schema.Tables {
		if c.definition.PluralNames {
			t.Name += "s"
		}
		if t.Name == "" || strings.ContainsFunc(t.Name, unicode.IsControl) {
			c.problem("schema: the table name %q of model %q is empty or contains a control character", t.Name, t.Key)
		}
		// Some databases ignore the case of names.
		if other, taken := names[strings.ToLower(t.Name)]; taken {
			c.problem("schema: models %q and %q have the same table %q; rename one of them", other, t.Key, t.Name)
		}
		names[strings.ToLower(t.Name)] = t.Key
		t.byName = make(map[string]int, len(t.Fields))
		t.blank = make([]any, len(t.Fields))
		columns := map[string]string{}
		for i := range t.Fields {
			f := &t.Fields[i]
			t.byName[f.Name] = i
			t.blank[i] = absent
			lower := strings.ToLower(f.Column)
			if other, taken := columns[lower]; taken {
				c.problem("schema: fields %q and %q of model %q have the same column %q; rename one of them", other, f.Name, t.Key, f.Column)
			}
			columns[lower] = f.Name
			c.checkField(t, f)
		}
		c.checkIndexes(t)
	}
}

func (c *compiler) checkField(t *Table, f *Field) {
	if strings.ContainsAny(f.Column, "\x00") {
		c.problem("schema: column name %q of model %q contains a NUL character", f.Column, t.Key)
	}
	if len(f.Values) > 0 && f.Type != String {
		c.problem("schema: field %q of model %q lists values but is not a string", f.Name, t.Key)
	}
	if f.References != nil {
		c.checkReference(t, f)
	}
}

// checkReference checks a foreign key. Of tables of the application nothing is
// known.
func (c *compiler) checkReference(t *Table, f *Field) {
	ref := f.References
	switch ref.OnDelete {
	case "", Cascade, NoAction, Restrict, SetDefault:
	case SetNull:
		if !f.Optional {
			c.problem("schema: field %q of model %q is set to null on delete but is not optional", f.Name, t.Key)
		}
	default:
		c.problem("schema: field %q of model %q has the unknown referential action %q", f.Name, t.Key, ref.OnDelete)
	}
	if ref.Model == "" {
		c.problem("schema: field %q of model %q references no model; name one", f.Name, t.Key)
	}
	to := c.schema.byKey[ref.Model]
	if to == nil && !ref.Application && ref.Model != "" {
		c.problem("schema: field %q of model %q references the unknown model %q; correct the name, or set Application if it is a table of the application", f.Name, t.Key, ref.Model)
	}
	if to == nil || ref.Field == "" || ref.Field == "id" {
		return
	}
	at := slices.IndexFunc(to.Fields, func(have Field) bool { return have.Name == ref.Field })
	switch {
	case at < 0:
		c.problem("schema: field %q of model %q references the unknown field %q of model %q", f.Name, t.Key, ref.Field, ref.Model)
	case !to.Fields[at].Unique:
		c.problem("schema: field %q of model %q references field %q of model %q, which is not unique", f.Name, t.Key, ref.Field, ref.Model)
	}
}

func (c *compiler) checkIndexes(t *Table) {
	for _, index := range t.Indexes {
		if len(index.Fields) == 0 || len(index.Fields) > 16 {
			c.problem("schema: an index of model %q has %d fields; 1 to 16 are allowed", t.Key, len(index.Fields))
		}
		for _, name := range index.Fields {
			if t.Position(name) < 0 {
				c.problem("schema: an index of model %q names the unknown field %q", t.Key, name)
			}
		}
	}
}

func (i Index) equal(other Index) bool {
	return i.Name == other.Name && i.Unique == other.Unique && slices.Equal(i.Fields, other.Fields)
}

func (t Type) known() bool {
	switch t {
	case String, Number, Boolean, Date, JSON, StringArray, NumberArray:
		return true
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
