package scrypt

import "syscall"

const dontDump = 16 // MADV_DONTDUMP of linux/mman.h, not in package syscall

// advise asks for large pages, since rows are read in no order and every one
// would need a translation of its own, and for no copy in core dumps. Systems
// may refuse: then it is slower, and core dumps are the operator's business.
func advise(space []byte) {
	_ = syscall.Madvise(space, syscall.MADV_HUGEPAGE)
	_ = syscall.Madvise(space, dontDump)
}
