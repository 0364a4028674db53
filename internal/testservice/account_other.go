//go:build !unix

package testservice

import (
	"errors"
	"syscall"
)

type account struct{}

func unprivileged([]string) (account, error) {
	return account{}, errors.New("private servers can be started on Unix systems only")
}

func (account) own(string) error { return nil }

func (account) attributes() *syscall.SysProcAttr { return nil }
