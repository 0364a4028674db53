package api

import (
	"fmt"
	"time"

	"github.com/ostiary/ostiary/internal/jstext"
)

// Time is a point in time as it appears in JSON: UTC, with exactly three
// fractional digits.
type Time struct{ time.Time }

// TimeOf returns t as a Time, or nil for the zero time.
func TimeOf(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// MarshalJSON writes the time, for example "2026-11-21T17:29:50.940Z".
func (t Time) MarshalJSON() ([]byte, error) { return jstext.AppendTime(nil, t.Time), nil }

// UnmarshalJSON reads an RFC 3339 time.
func (t *Time) UnmarshalJSON(text []byte) error {
	if len(text) < 2 || text[0] != '"' {
		return fmt.Errorf("api: %.40q is not a time", text)
	}
	parsed, err := time.Parse(time.RFC3339Nano, string(text[1:len(text)-1]))
	if err != nil {
		return fmt.Errorf("api: read time: %w", err)
	}
	t.Time = parsed.UTC()
	return nil
}
