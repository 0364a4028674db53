//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package scrypt

func advise([]byte) {}
