package database

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/ostiary/ostiary/schema"
)

// Complete returns a row that is about to be created with what [DB.Create] would
// add to it: an id, unless the store makes them, and default values. It is for
// rows that are kept elsewhere.
func (db *DB) Complete(row schema.Row) schema.Row {
	t := row.Table()
	out := row.Clone()
	db.setID(t, out)
	for i := 1; i < len(t.Fields); i++ {
		f := &t.Fields[i]
		if f.Default != nil && (!out.Has(i) || (out.At(i) == nil && !f.Optional)) {
			out.SetAt(i, f.DefaultValue(db.now()))
		}
		if at, ok := out.At(i).(time.Time); ok {
			out.SetAt(i, Milliseconds(at))
		}
	}
	return out
}

// encodeCreate returns the row to insert: complete, with encoded values.
func (db *DB) encodeCreate(row schema.Row) (schema.Row, error) {
	t := row.Table()
	out := db.Complete(row)
	for i := 1; i < len(t.Fields); i++ {
		f := &t.Fields[i]
		if !out.Has(i) || (out.At(i) == nil && !f.Optional && f.Default == nil) {
			continue
		}
		if err := encodeField(t, f, out, i); err != nil {
			return schema.Row{}, err
		}
	}
	return out, nil
}

func (db *DB) setID(t *schema.Table, row schema.Row) {
	if isID(t.IDs, row.ID()) {
		return
	}
	row.Unset(0)
	if db.newID == nil || t.IDs == schema.SerialIDs || t.IDs == schema.DatabaseIDs {
		return
	}
	if t.IDs == schema.UUIDs && !db.ownIDs && db.adapter.Capabilities().GeneratesUUIDs {
		return
	}
	if id := db.newID(t.Key); id != "" {
		row.SetAt(0, id)
	}
}

// isID reports whether an id that a row comes with can be stored under the id
// strategy. One that cannot is replaced.
func isID(strategy schema.IDStrategy, id string) bool {
	switch strategy {
	case schema.SerialIDs:
		n, err := strconv.ParseInt(id, 10, 64)
		return err == nil && n > 0 && strconv.FormatInt(n, 10) == id
	case schema.UUIDs:
		return uuidForm.MatchString(id)
	}
	return id != ""
}

// uuidForm is a UUID of version 1 to 5 (RFC 9562), as Better Auth 1.7 accepts it.
var uuidForm = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// encodeUpdate returns the change to make: with on-update values and encoded.
func (db *DB) encodeUpdate(set schema.Row) (schema.Row, error) {
	t := set.Table()
	out := set.Clone()
	for i := 1; i < len(t.Fields); i++ {
		f := &t.Fields[i]
		if !out.Has(i) {
			if f.OnUpdate == nil {
				continue
			}
			out.SetAt(i, f.UpdateValue(db.now()))
		}
		if err := encodeField(t, f, out, i); err != nil {
			return schema.Row{}, err
		}
	}
	return out, nil
}

func encodeField(t *schema.Table, f *schema.Field, row schema.Row, i int) error {
	if f.Encode != nil {
		v, err := f.Encode(row.At(i))
		if err != nil {
			return fmt.Errorf("encode %s.%s: %w", t.Key, f.Name, err)
		}
		row.SetAt(i, v)
	}
	if at, ok := row.At(i).(time.Time); ok {
		row.SetAt(i, Milliseconds(at))
	}
	return nil
}

// Milliseconds returns t in UTC with the precision that every store keeps.
func Milliseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func decoded(row *schema.Row) (*schema.Row, error) {
	if row == nil {
		return nil, nil
	}
	return row, decode(*row)
}

func decodeRecord(rec *Record) error {
	if err := decode(rec.Row); err != nil {
		return err
	}
	for _, rows := range rec.Joined {
		for _, row := range rows {
			if err := decode(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// decode undoes the fields' own encodings, in place.
func decode(row schema.Row) error {
	t := row.Table()
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Decode == nil || !row.Has(i) {
			continue
		}
		v, err := f.Decode(row.At(i))
		if err != nil {
			return fmt.Errorf("decode %s.%s: %w", t.Key, f.Name, err)
		}
		row.SetAt(i, v)
	}
	return nil
}
