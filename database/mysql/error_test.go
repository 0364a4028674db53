package mysql

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/ostiary/ostiary/database"
)

// Errors of a server that is going, or of a connection that broke, say that the
// same may succeed later; what is wrong with a statement does not.
func TestErrorsMeanWhatTheyMean(t *testing.T) {
	t.Parallel()
	server := func(n uint16) error { return fmt.Errorf("run: %w", &mysql.MySQLError{Number: n}) }
	for _, c := range []struct {
		err  error
		want error // nil for none
		lost bool
	}{
		{server(1047), database.ErrUnavailable, false},
		{server(1053), database.ErrUnavailable, true},
		{server(1062), database.ErrDuplicate, false},
		{server(1064), nil, false}, // a mistake in a statement
		{server(1152), database.ErrUnavailable, true},
		{server(1157), nil, false},
		{server(1158), database.ErrUnavailable, true},
		{server(1161), database.ErrUnavailable, true},
		{server(1162), nil, false},
		{server(1180), database.ErrUnavailable, false},
		{server(1184), database.ErrUnavailable, true},
		{server(1205), database.ErrUnavailable, false},
		{server(1264), database.ErrOutOfRange, false},
		{mysql.ErrInvalidConn, database.ErrUnavailable, true},
		{fmt.Errorf("read: %w", mysql.ErrMalformPkt), database.ErrUnavailable, true},
		{mysql.ErrPktSync, database.ErrUnavailable, true},
		{mysql.ErrPktTooLarge, nil, false},
	} {
		if got := meaning(c.err); !errors.Is(got, c.want) || lost(c.err) != c.lost {
			t.Errorf("%v: got %v, lost %t; want %v, %t", c.err, got, lost(c.err), c.want, c.lost)
		}
	}
}
