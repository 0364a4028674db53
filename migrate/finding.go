package migrate

// Kind is what a [Finding] is about.
type Kind string

// The kinds of findings. The first three come from [Migrator.Check], and of
// those the third also from [Migrator.Plan]; the others come from Plan only.
const (
	// MissingTable and MissingColumn are not in the database.
	MissingTable  Kind = "missing-table"
	MissingColumn Kind = "missing-column"
	// UnexpectedRequiredColumn must have a value that nothing provides, so every
	// insert fails.
	UnexpectedRequiredColumn Kind = "unexpected-required-column"
	// AddedNullable is a required column that is added without NOT NULL, because
	// the table has rows and there is no value to fill them with.
	AddedNullable Kind = "added-nullable"
	// RenamedColumn is a missing column of a table with rows that seems to be
	// there under another name. It is not added, since its data would then be in
	// two places.
	RenamedColumn Kind = "renamed-column"
	// RenamedTable is a missing table that seems to be there under another name.
	RenamedTable Kind = "renamed-table"
	// TypeMismatch is a column whose type does not suit its field.
	TypeMismatch Kind = "type-mismatch"
	// NullableColumn allows null although its field is required.
	NullableColumn Kind = "nullable-column"
	// MissingUnique is a column that should be unique but is not, so that the
	// database would accept, say, two users of one e-mail address.
	MissingUnique Kind = "missing-unique"
	// MissingIndex is a column without the index that look-ups rely on.
	MissingIndex Kind = "missing-index"
)

// Finding is something to know about a database that this package does not
// change by itself.
type Finding struct {
	Kind Kind
	// Table and Column are names in the database; Column is empty when the
	// finding is about a table.
	Table, Column string
	// Message says in plain words what was found and what follows from it.
	Message string
	// Remedy is the SQL that would put it right, to be read before it is run.
	// Empty when there is none.
	Remedy string
}

// String returns the message and, on a line of its own, the remedy.
func (f Finding) String() string {
	if f.Remedy == "" {
		return f.Message
	}
	return f.Message + "\n  " + f.Remedy
}
