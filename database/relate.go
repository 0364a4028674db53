package database

import (
	"fmt"

	"github.com/ostiary/ostiary/schema"
)

// Relate returns the join from one table to another by the one foreign key
// between them: a key of the other table that points here, or else one of this
// table that points there. No such key, or more than one, is an error.
func Relate(from, to *schema.Table) (Join, error) {
	if keys := foreignKeys(to, from); len(keys) > 0 {
		if len(keys) > 1 {
			return Join{}, fmt.Errorf("database: %s has %d foreign keys to %s; name the fields of the join", to.Key, len(keys), from.Key)
		}
		f := keys[0]
		return Join{Table: to, From: referenced(f), On: f.Name, One: f.Unique}, nil
	}
	keys := foreignKeys(from, to)
	if len(keys) != 1 {
		return Join{}, fmt.Errorf("database: %d foreign keys between %s and %s; a join needs exactly one", len(keys), from.Key, to.Key)
	}
	on := referenced(keys[0])
	return Join{Table: to, From: keys[0].Name, On: on, One: on == "id" || to.Field(on).Unique}, nil
}

func referenced(f *schema.Field) string {
	if f.References.Field != "" {
		return f.References.Field
	}
	return "id"
}

// foreignKeys returns the fields of a table that reference another.
func foreignKeys(of, to *schema.Table) []*schema.Field {
	var keys []*schema.Field
	for i := range of.Fields {
		if ref := of.Fields[i].References; ref != nil && ref.Model == to.Key {
			keys = append(keys, &of.Fields[i])
		}
	}
	return keys
}
