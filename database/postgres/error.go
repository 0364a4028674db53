package postgres

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/sqldb"
)

// The codes of errors that mean something here (PostgreSQL, appendix A).
const (
	tooLong              = "22001"
	numberOutOfRange     = "22003"
	timeOutOfRange       = "22008"
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	featureNotSupported  = "0A000"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
	readOnlyTransaction  = "25006"
	tooManyConnections   = "53300"
	cannotConnectNow     = "57P03"
)

// code returns the code of an error of the server, of whatever driver; "" for
// other errors.
func code(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// meaning says what an error of the driver means to the caller.
func meaning(err error) error {
	switch c := code(err); {
	case c == uniqueViolation:
		return database.ErrDuplicate
	case c == tooLong, c == numberOutOfRange, c == timeOutOfRange:
		return database.ErrOutOfRange
	case conflict(err), lost(err), busy(err):
		return database.ErrUnavailable
	case c == lockNotAvailable, c == queryCanceled, c == readOnlyTransaction:
		return database.ErrUnavailable
	case strings.HasPrefix(c, "08"), strings.HasPrefix(c, "53"), strings.HasPrefix(c, "57P"), strings.HasPrefix(c, "58"):
		return database.ErrUnavailable // connections, resources, an operator, the system
	case c != "":
		return nil
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || strings.Contains(err.Error(), "closed pool") {
		return database.ErrUnavailable
	}
	return nil
}

// busy reports whether the server had no connection to give.
func busy(err error) bool {
	c := code(err)
	return c == tooManyConnections || c == cannotConnectNow
}

// conflict reports whether a transaction lost to another one, or to a change of
// the tables behind the back of a prepared statement.
func conflict(err error) bool {
	switch code(err) {
	case serializationFailure, deadlockDetected:
		return true
	case featureNotSupported:
		return strings.Contains(err.Error(), "cached plan")
	}
	return false
}

// lost reports whether a connection was lost that had been there.
func lost(err error) bool {
	var connect *pgconn.ConnectError
	switch c := code(err); {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &connect):
		return false
	case strings.HasPrefix(c, "57P") && c != cannotConnectNow, c == "08006", c == "08003":
		return true
	case c != "":
		return false
	}
	return sqldb.ConnectionLost(err) || strings.Contains(err.Error(), "conn closed")
}
