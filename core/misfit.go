package core

import (
	"fmt"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/schema"
)

// refuseMisfits refuses a row with a plain value that does not fit its field,
// such as "forty" for a number. [schema.ParseInput] lets them pass, as Better
// Auth does, which leaves it to the database whether they are stored.
func refuseMisfits(row schema.Row) error {
	for i := range row.Table().Fields {
		f := &row.Table().Fields[i]
		if f.Encode == nil && row.Has(i) && !fits(f.Type, row.At(i)) {
			return FailWith(http.StatusBadRequest, api.ValidationError.Code, fmt.Sprintf("[body.%s] Invalid input: expected %s", f.Name, f.Type))
		}
	}
	return nil
}

func fits(t schema.Type, value any) bool {
	switch value.(type) {
	case string:
		return t != schema.Number && t != schema.Boolean
	case int64, float64:
		return t != schema.Boolean
	}
	return true
}
