package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"syscall"
)

// ConnectionLost reports whether an error of the network says that a connection was
// lost that had been there: not that none could be opened, nor that the caller no
// longer waits. What servers and drivers say of it besides is for a dialect to know.
func ConnectionLost(err error) bool {
	var dial *net.OpError
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &dial) && dial.Op == "dial" {
		return false
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
