// Package schema describes the tables of an authentication database: which
// models exist, which fields they have, what those fields are called in the
// store and how their values behave.
//
// A [Definition] is compiled once, at start-up, into a [Schema] whose tables
// have their fields in a fixed order. From then on a record is a [Row]: a slice
// indexed by field position.
package schema

// Type is the logical type of a field. How a type is stored is the business of
// the database adapter.
type Type string

// The types a field can have. The Go type of a field's value is given behind
// each; a null value is nil.
const (
	String      Type = "string"   // string
	Number      Type = "number"   // int64, or float64 when it is not a whole number
	Boolean     Type = "boolean"  // bool
	Date        Type = "date"     // time.Time, UTC, millisecond precision
	JSON        Type = "json"     // json.RawMessage
	StringArray Type = "string[]" // []string
	NumberArray Type = "number[]" // []float64
)

// Now stands for the current time of the injected clock, as a field's Default or
// OnUpdate.
const Now = currentTime("now")

type currentTime string

// OnDelete says what happens to a row when the row it references is deleted.
type OnDelete string

// The referential actions; the zero value of [Reference] means Cascade.
const (
	Cascade    OnDelete = "cascade"
	NoAction   OnDelete = "no action"
	Restrict   OnDelete = "restrict"
	SetNull    OnDelete = "set null"
	SetDefault OnDelete = "set default"
)

// Reference makes a field a foreign key.
type Reference struct {
	// Model is the key of the referenced model, for example "user".
	Model string
	// Field is the referenced field; empty means "id".
	Field string
	// OnDelete is the referential action; empty means [Cascade].
	OnDelete OnDelete
	// Application says that Model is the name of a table of the application, of
	// which the schema knows nothing. Otherwise an unknown model is an error.
	Application bool
}

// Field declares one field of a model. Its zero value, but for Name and Type,
// is a required field that clients may set and that responses contain.
type Field struct {
	// Name is the logical name: what the API, hooks and queries use.
	Name string
	// Type is the logical type. Empty means [String].
	Type Type
	// Values restricts a string field to these literals (an enumeration).
	Values []string
	// Column is the name in the store. Empty means Name.
	Column string

	// Optional allows null and absence. A field that is not optional is NOT
	// NULL in the store and must be given on creation unless it has a default.
	Optional bool
	// NoInput refuses the field in requests of clients: sending it is an error, or,
	// on creation when there is a default, has no effect. Set it on everything that a
	// user must not decide, such as a role.
	NoInput bool
	// Hidden keeps the field out of every response and out of the cookie cache.
	Hidden bool

	// Unique asks the store for a unique constraint.
	Unique bool
	// Index asks the store for an index.
	Index bool
	// Sortable lets stores that need to know (MySQL, SQL Server) choose a type
	// that can be sorted by.
	Sortable bool
	// BigInt stores a number as a 64-bit integer.
	BigInt bool
	// References makes the field a foreign key.
	References *Reference

	// Default is used on creation when the field is absent, or null although it
	// is required: a value, a func() any, or [Now]. Nil means no default. Values
	// may be of the Go type of the field, or as encoding/json decodes them.
	Default any
	// OnUpdate is used on every update that does not set the field: a value, a
	// func() any, or [Now]. Nil leaves the field alone.
	OnUpdate any

	// Validate checks a value given by a client and returns the value to use.
	// The text of its error is sent to the client.
	Validate func(value any) (any, error)
	// Encode changes a value before it is stored, Decode changes it back after
	// it was read; both are given null, too, as nil. Either may be nil.
	Encode func(value any) (any, error)
	Decode func(value any) (any, error)

	problem error      // of a declaration that Compile is to report
	ids     IDStrategy // of the id that it holds, once compiled
}

// IDStrategy returns how the id that a compiled field holds is made: its own row's,
// or that of the row which it references.
func (f *Field) IDStrategy() IDStrategy { return f.ids }

// column is the name of the field in the store.
func (f *Field) column() string {
	if f.Column != "" {
		return f.Column
	}
	return f.Name
}

// IsForeignID reports whether the field holds the id of another row.
func (f *Field) IsForeignID() bool {
	return f.References != nil && (f.References.Field == "" || f.References.Field == "id")
}

// Index is an index over several fields of a table.
type Index struct {
	// Name is the name in the store. Empty means a generated name.
	Name string
	// Fields are logical field names, in order.
	Fields []string
	// Unique makes it a unique index.
	Unique bool
}

// Model declares a table, or, when a model of the same key exists already, more
// fields and indexes for it.
type Model struct {
	// Key is the logical name, for example "user".
	Key string
	// Table is the name in the store. Empty means Key.
	Table string
	// Fields are the fields behind the implicit "id".
	Fields []Field
	// Indexes are indexes over several fields.
	Indexes []Index
	// Unmanaged leaves the table to the application: migrations ignore it.
	Unmanaged bool
	// Owner is the plugin that declares the model, for messages.
	Owner string
}
