//go:build amd64 && !purego

package scrypt

import "golang.org/x/sys/cpu"

//go:generate go run -C asm .

// kernels returns what this processor and its system can run, the best first.
func kernels() []kernel {
	var supported []kernel
	if cpu.X86.HasAVX512F {
		supported = append(supported, kernel{name: "AVX-512", fill: fillAVX512, walk: walkAVX512})
	}
	if cpu.X86.HasAVX2 {
		supported = append(supported, kernel{name: "AVX2", fill: fillAVX2, walk: walkAVX2})
	}
	return supported
}
