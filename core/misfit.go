package core

import (
	"fmt"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/schema"
)

// maxName bounds the names of users, in bytes. Other texts are bounded by the
// size of requests: an image may well be given as a data URL.
const maxName = 1024

// refuseMisfits refuses a row with a plain value that does not fit its field,
// such as "forty" for a number. [schema.ParseInput] lets them pass, as Better
// Auth does, which leaves it to the database whether they are stored.
func refuseMisfits(row schema.Row) error {
	if row.Table().Key == schema.UserKey && row.Has(schema.UserName) && len(row.StringAt(schema.UserName)) > maxName {
		return FailWith(http.StatusBadRequest, api.ValidationError.Code, fmt.Sprintf("[body.name] Too big: expected string to have <=%d characters", maxName))
	}
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
