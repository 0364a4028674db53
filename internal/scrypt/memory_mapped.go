//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package scrypt

import (
	"errors"
	"syscall"
)

// allocate maps memory outside the heap. There it would double the size that the
// garbage collector lets the heap grow to, and be zeroed by the program instead
// of being taken away.
func allocate(size int) ([]byte, error) {
	space, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	advise(space)
	return space, nil
}

// free unmaps: the system gives the pages to nobody before it has zeroed them.
func free(space []byte) {
	if err := syscall.Munmap(space); err != nil && !errors.Is(err, syscall.EINVAL) {
		clear(space)
	}
}
