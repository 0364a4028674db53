package sqldb

import (
	"errors"
	"fmt"
	"time"
)

// isoMilliseconds is how JavaScript's Date.toISOString writes a time.
const isoMilliseconds = "2006-01-02T15:04:05.000Z"

// otherLayouts are the spellings of times that other programs store as text.
// Those without a zone are in UTC, as SQLite's own functions write them.
var otherLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04Z07:00",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05.999999999-07",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"2006-01-02",
	"2006-01-02 15:04:05.999999999 -0700 MST",
}

var errNotDate = errors.New("want a date, got other text")

// ISOTime encodes a time as text like 2006-01-02T15:04:05.000Z, the form that
// Better Auth stores where a database has no type for times. Only years of four
// digits keep their order as text; others are an error.
func ISOTime(t time.Time) (any, error) {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("year %d cannot be stored", y)
	}
	return t.Format(isoMilliseconds), nil
}

func encodeDate(d *Dialect, value any) (any, error) {
	switch v := value.(type) {
	case time.Time:
		return d.Time(v.UTC().Truncate(time.Millisecond))
	case string:
		t, err := parseDate(v)
		if err != nil {
			return nil, err
		}
		return d.Time(t)
	}
	return nil, fmt.Errorf("want a date, got %T", value)
}

// decodeDate reads a date. Numbers are milliseconds since 1970.
func decodeDate(stored any) (any, error) {
	switch v := stored.(type) {
	case string:
		t, err := parseDate(v)
		return t, err
	case []byte:
		t, err := parseDate(string(v))
		return t, err
	case int64:
		return time.UnixMilli(v).UTC(), nil
	case float64:
		return time.UnixMilli(int64(v)).UTC(), nil
	case time.Time:
		return v.UTC().Truncate(time.Millisecond), nil
	}
	return nil, unreadable("date", stored)
}

func parseDate(text string) (time.Time, error) {
	if t, ok := parseISO(text); ok {
		return t, nil
	}
	for _, layout := range otherLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Millisecond), nil
		}
	}
	return time.Time{}, errNotDate
}

// parseISO parses exactly the layout isoMilliseconds. It is what nearly every
// stored date looks like, and several times faster than time.Parse.
func parseISO(s string) (time.Time, bool) {
	if len(s) != len(isoMilliseconds) || s[4] != '-' || s[7] != '-' || s[10] != 'T' ||
		s[13] != ':' || s[16] != ':' || s[19] != '.' || s[23] != 'Z' {
		return time.Time{}, false
	}
	year, ok1 := digits(s[0:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	hour, ok4 := digits(s[11:13])
	minute, ok5 := digits(s[14:16])
	second, ok6 := digits(s[17:19])
	milli, ok7 := digits(s[20:23])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, milli*1e6, time.UTC)
	if t.Day() != day || int(t.Month()) != month {
		return time.Time{}, false
	}
	return t, true
}

func digits(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return n, true
}
