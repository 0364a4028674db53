//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package scrypt

func allocate(size int) ([]byte, error) { return make([]byte, size), nil }

// free leaves zeroes to the garbage collector.
func free(space []byte) { clear(space) }
