package scrypt

import (
	"fmt"
	"unsafe"
)

// maxLanes is how many derivations fit into the vector registers.
const maxLanes = 4

// MaxLanes returns how many derivations this processor can do at once: four, or
// one where there is no code for its vector registers.
func MaxLanes() int {
	if len(kernels()) == 0 {
		return 1
	}
	return maxLanes
}

// Memory is the scratch space of derivations, 32 MiB for each at once. Address
// space becomes memory when it is first used: a lone derivation needs 32 MiB
// also where there would be room for four. It serves one call at a time, any
// number of times, and must be released.
//
// Between two calls it holds what follows from the latest passwords. The next
// call overwrites that, or clears it where it has less to do; Release ends it.
type Memory struct {
	n, r, row int // RFC 7914's N and r; the length of a row in words
	lanes     int
	used      int // lanes with content
	kernel    kernel

	space []byte
	table []uint32 // for each lane the large table, n rows
	x, y  []uint32 // the rows being mixed, and where the next ones are built
}

// NewMemory returns scratch space for the given number of derivations at once,
// at most MaxLanes. It fails when the system has no memory.
func NewMemory(lanes int) (*Memory, error) {
	supported := kernels()
	if len(supported) == 0 {
		return newMemory(cost, blockSize, 1, kernel{})
	}
	return newMemory(cost, blockSize, min(max(lanes, 1), maxLanes), supported[0])
}

// newMemory sizes for any n that is a power of two, and any r.
func newMemory(n, r, lanes int, k kernel) (*Memory, error) {
	row, state := blockWords*r, blockWords*r
	if lanes > 1 {
		state = maxLanes * row // the registers are full even if not all lanes are wanted
	}
	words := lanes*n*row + 2*state
	space, err := allocate(4 * words)
	if err != nil {
		return nil, fmt.Errorf("allocate %d MiB of memory for passwords: %w", 4*words>>20, err)
	}
	//nolint:gosec // G103: pages are aligned, and the words end where the bytes do
	all := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(space))), words)
	table, states := all[:lanes*n*row], all[lanes*n*row:]
	return &Memory{
		n: n, r: r, row: row, lanes: lanes, kernel: k,
		space: space, table: table, x: states[:state], y: states[state:],
	}, nil
}

// Release gives the memory back. Nothing of its content can be read afterwards.
func (m *Memory) Release() {
	free(m.space)
	*m = Memory{}
}

// use says how many lanes are used next, and clears those which are not.
func (m *Memory) use(lanes int) {
	if lanes < m.used {
		clear(m.x)
		clear(m.y)
	}
	for lane := lanes; lane < m.used; lane++ {
		clear(m.tableOf(lane))
	}
	m.used = lanes
}

// tableOf returns the table of a lane.
func (m *Memory) tableOf(lane int) []uint32 {
	size := m.n * m.row
	return m.table[lane*size : (lane+1)*size]
}
