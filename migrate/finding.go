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
	// RequiredColumn is a required column that is missing and not added, because
	// the table has rows and there is no value to fill them with.
	RequiredColumn Kind = "required-column"
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
	// MissingUnique is something that should be unique but is not, so that the
	// database would accept, say, two users of one e-mail address. It is not made
	// unique, because there are duplicates already or the type of a column cannot
	// be indexed.
	MissingUnique Kind = "missing-unique"
	// MissingIndex is an index that look-ups rely on and that cannot be created,
	// because of the type of a column or because its name is taken.
	MissingIndex Kind = "missing-index"
	// MissingForeignKey is a column of a table that exists without the foreign key
	// of its field: rows stay behind when what they belong to is deleted in the
	// database directly. None is added, because it would change what deleting does.
	MissingForeignKey Kind = "missing-foreign-key"
)

// Refused reports whether a finding of this kind is something that the schema
// asks for and that a migration does not do: a person has to decide.
func (k Kind) Refused() bool {
	switch k {
	case RequiredColumn, RenamedColumn, TypeMismatch, MissingUnique, MissingIndex:
		return true
	}
	return false
}

// Breaks reports whether the library fails on a database with such a finding.
func (k Kind) Breaks() bool {
	switch k {
	case MissingTable, MissingColumn, UnexpectedRequiredColumn, RequiredColumn, RenamedColumn:
		return true
	}
	return false
}

// Finding is something to know about a database that this package does not
// change by itself.
type Finding struct {
	Kind Kind `json:"kind"`
	// Table and Column are names in the database; Column is empty when the
	// finding is about a table.
	Table  string `json:"table"`
	Column string `json:"column,omitempty"`
	// Message says in plain words what was found and what follows from it.
	Message string `json:"message"`
	// Remedy is the SQL that would put it right, to be read before it is run.
	// Empty when there is none.
	Remedy string `json:"remedy,omitempty"`
}

// String returns the message and, on a line of its own, the remedy.
func (f Finding) String() string {
	if f.Remedy == "" {
		return f.Message
	}
	return f.Message + "\n  " + f.Remedy
}
