package memory

import (
	"fmt"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// delete deletes rows and does what the foreign keys that point at them ask for.
func (s *store) delete(log *journal, t *table, rows []*entry) error {
	for _, e := range rows {
		if e.pending == nil {
			continue // deleted by a cascade already
		}
		gone := e.pending
		log.set(t, e, nil)
		if err := s.cascade(log, t, gone); err != nil {
			return err
		}
	}
	return nil
}

// cascade follows the foreign keys that point at a row that was deleted.
func (s *store) cascade(log *journal, t *table, gone []any) error {
	for _, child := range s.order {
		for at := range child.layout.Fields {
			ref := child.layout.Fields[at].References
			if ref == nil || ref.Model != t.layout.Key {
				continue
			}
			field := ref.Field
			if field == "" {
				field = "id"
			}
			parent := t.layout.Position(field)
			if parent < 0 || gone[parent] == nil {
				continue
			}
			rows, err := child.referencing(at, gone[parent])
			if err != nil {
				return err
			}
			if err := s.orphan(log, child, at, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// referencing returns the rows whose field at a position has the value.
func (t *table) referencing(at int, value any) ([]*entry, error) {
	f, err := database.NewFilter(t.layout, []database.Where{database.Eq(t.layout.Fields[at].Name, value)})
	if err != nil {
		return nil, err
	}
	var found []*entry
	for _, e := range t.candidates(f) {
		if e.pending != nil && f.Matches(t.layout.RowOf(e.pending)) {
			found = append(found, e)
		}
	}
	return found, nil
}

// orphan applies the referential action of a foreign key to the rows that have
// lost what they reference.
func (s *store) orphan(log *journal, t *table, at int, rows []*entry) error {
	if len(rows) == 0 {
		return nil
	}
	f := &t.layout.Fields[at]
	switch f.References.OnDelete {
	case "", schema.Cascade:
		return s.delete(log, t, rows)
	case schema.SetNull, schema.SetDefault:
		set := t.layout.NewRow()
		set.SetAt(at, nil)
		if f.References.OnDelete == schema.SetDefault {
			set.SetAt(at, f.Default) // a value: a store cannot call functions
		}
		for _, e := range rows {
			if _, err := t.update(log, e, set); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("memory: %s.%s still references the row", t.layout.Key, f.Name)
}
