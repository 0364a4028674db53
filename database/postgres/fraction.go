package postgres

import (
	"database/sql/driver"
	"errors"
	"math"

	"github.com/jackc/pgx/v5/pgtype"
)

// fraction is a number for a column that may have room for it or not. Of a plain
// float64 the driver makes a whole number for such a column: 1 of 1.5, and the least
// one of what is too large.
type fraction float64

var errNotWhole = errors.New("the column holds whole numbers of 64 bits at most, and this is none")

// Int64Value is asked for a column of whole numbers.
func (f fraction) Int64Value() (pgtype.Int8, error) {
	if n := float64(f); n == math.Trunc(n) && n >= math.MinInt64 && n < -math.MinInt64 {
		return pgtype.Int8{Int64: int64(n), Valid: true}, nil
	}
	return pgtype.Int8{}, errNotWhole
}

// Float64Value is asked for a column of any numbers.
func (f fraction) Float64Value() (pgtype.Float8, error) {
	return pgtype.Float8{Float64: float64(f), Valid: true}, nil
}

// Value is asked where the driver does not know the column; the server does, and
// refuses what is too large.
func (f fraction) Value() (driver.Value, error) { return float64(f), nil }
