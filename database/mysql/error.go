package mysql

import (
	"errors"
	"net"

	"github.com/go-sql-driver/mysql"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/sqldb"
)

// The numbers of errors that mean something here. MySQL and MariaDB share them up
// to 1900.
const (
	recordChanged         = 1020 // MariaDB, with innodb_snapshot_isolation
	tooManyConnections    = 1040
	unknownCommand        = 1047 // a Galera node that is not part of its cluster
	serverShutdown        = 1053
	duplicateEntry        = 1062
	abortedConnection     = 1152
	netReadError          = 1158 // to 1161: the server's side of a connection that broke
	netWriteInterrupted   = 1161
	duplicateUnique       = 1169
	errorDuringCommit     = 1180 // among others, of a Galera node that has left its cluster
	newAbortedConnection  = 1184
	tooManyUserConnection = 1203
	lockWaitTimeout       = 1205
	deadlock              = 1213
	userLimitReached      = 1226
	outOfRange            = 1264
	readOnlyOption        = 1290
	wrongValue            = 1292
	queryInterrupted      = 1317
	tooLong               = 1406
	duplicateKeyName      = 1586
	needsPreparing        = 1615
	readOnlyTransaction   = 1792
	readOnlyMode          = 1836
	connectionKilled      = 1927 // MariaDB
	statementTimeout      = 1969 // MariaDB
	queryTimeout          = 3024 // MySQL
	lockNotAvailable      = 3572 // MySQL
	sessionDisconnected   = 4031 // MySQL
)

func number(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// meaning says what an error of the driver means to the caller.
func meaning(err error) error {
	switch number(err) {
	case duplicateEntry, duplicateUnique, duplicateKeyName:
		return database.ErrDuplicate
	case outOfRange, wrongValue, tooLong:
		return database.ErrOutOfRange
	case unknownCommand, readOnlyOption, readOnlyTransaction, readOnlyMode, queryInterrupted, statementTimeout, queryTimeout, lockNotAvailable,
		errorDuringCommit:
		return database.ErrUnavailable
	}
	var network net.Error
	if busy(err) || conflict(err) || lost(err) || number(err) == 0 && errors.As(err, &network) {
		return database.ErrUnavailable
	}
	return nil
}

// busy reports whether the server had no connection to give.
func busy(err error) bool {
	switch number(err) {
	case tooManyConnections, tooManyUserConnection, userLimitReached:
		return true
	}
	return false
}

// conflict reports whether a transaction lost to another one. After a wait that
// was too long only its last statement is undone: it must not be committed.
func conflict(err error) bool {
	switch number(err) {
	case deadlock, lockWaitTimeout, recordChanged, needsPreparing:
		return true
	}
	return false
}

// unwilling reports whether a server refused what another one may do: it is no
// part of its cluster, or takes no writes. Nothing was done.
func unwilling(err error) bool {
	switch number(err) {
	case unknownCommand, readOnlyOption, readOnlyMode:
		return true
	}
	return false
}

// lost reports whether a connection was lost that had been there.
func lost(err error) bool {
	switch n := number(err); {
	case n == serverShutdown, n == connectionKilled, n == sessionDisconnected, n == abortedConnection, n == newAbortedConnection,
		n >= netReadError && n <= netWriteInterrupted:
		return true
	case n != 0:
		return false
	}
	// A packet that makes no sense is the end of a server that was killed, too.
	return errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, mysql.ErrMalformPkt) || errors.Is(err, mysql.ErrPktSync) || sqldb.ConnectionLost(err)
}
