package mssql

import (
	"errors"
	"net"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/sqldb"
)

// The numbers of errors that mean something here (sys.messages).
const (
	noMemory           = 701
	deadlock           = 1205
	lockTimeout        = 1222
	duplicateInIndex   = 2601
	duplicateKey       = 2627
	databaseReadOnly   = 3906
	snapshotConflict   = 3960
	shutdown           = 6005
	noResources        = 8645
	databaseFull       = 9002
	filegroupFull      = 1105
	databaseOffline    = 942
	databaseInRecovery = 927
	azureLimit         = 10928
	azureTooBusy       = 10929
	azureReconfigured  = 40197
	azureBusy          = 40501
	azureUnavailable   = 40613
	azureTooMany       = 49918
)

func number(err error) int32 {
	var e mssql.Error
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// meaning says what an error of the driver means to the caller. A login that is
// refused (18456) and a database that cannot be opened (4060) stay as they are:
// trying again does not help.
func meaning(err error) error {
	switch number(err) {
	case duplicateInIndex, duplicateKey:
		return database.ErrDuplicate
	case databaseReadOnly, databaseFull, filegroupFull, databaseOffline, databaseInRecovery:
		return database.ErrUnavailable
	}
	var network net.Error
	if busy(err) || conflict(err) || lost(err) || number(err) == 0 && errors.As(err, &network) {
		return database.ErrUnavailable
	}
	return nil
}

// busy reports whether the server had no room for the statement or the connection.
func busy(err error) bool {
	switch number(err) {
	case noMemory, noResources, azureLimit, azureTooBusy, azureBusy, azureUnavailable, azureTooMany:
		return true
	}
	return false
}

// conflict reports whether a transaction lost to another one. After a wait that
// was too long only its last statement is undone: it must not be committed.
func conflict(err error) bool {
	switch number(err) {
	case deadlock, lockTimeout, snapshotConflict:
		return true
	}
	return false
}

// readsOnly reports whether the server refused a write that another one may take.
func readsOnly(err error) bool { return number(err) == databaseReadOnly }

// lost reports whether a connection was lost that had been there.
func lost(err error) bool {
	switch number(err) {
	case shutdown, azureReconfigured:
		return true
	case 0:
	default:
		return false
	}
	var stream mssql.StreamError
	return errors.As(err, &stream) || sqldb.ConnectionLost(err)
}
