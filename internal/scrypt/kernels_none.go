//go:build !amd64 || purego

package scrypt

func kernels() []kernel { return nil }
