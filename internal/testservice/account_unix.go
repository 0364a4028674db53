//go:build unix

package testservice

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is the user that a server runs as: this one, unless that is root,
// whom database servers refuse.
type account struct {
	change   bool
	uid, gid int
}

// unprivileged returns the first user that exists when this process is that of
// root.
func unprivileged(names []string) (account, error) {
	if os.Getuid() != 0 {
		return account{}, nil
	}
	for _, name := range append(names, "nobody") {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return account{change: true, uid: uid, gid: gid}, nil
	}
	return account{}, fmt.Errorf("root cannot run it, and there is no user %v", names)
}

func (a account) own(path string) error {
	if !a.change {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// attributes put a process into a session of its own, so that an interrupt from
// the terminal does not reach it before the tests have ended.
func (a account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true}
	if a.change {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attributes
}
