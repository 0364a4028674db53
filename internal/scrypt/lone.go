package scrypt

import "encoding/binary"

// mix is scryptROMix (RFC 7914, section 5) on block, in place, in the first lane.
func (m *Memory) mix(block []byte) {
	x, y := m.x[:m.row], m.y[:m.row]
	for i := range x {
		x[i] = binary.LittleEndian.Uint32(block[4*i:])
	}
	m.fill(x)
	m.walk(x, y)
	for i, word := range x {
		binary.LittleEndian.PutUint32(block[4*i:], word)
	}
}

// fill builds the table, each row mixed straight from the one before, and
// leaves in x what follows the last row.
func (m *Memory) fill(x []uint32) {
	table := m.tableOf(0)
	copy(table, x)
	for i := 1; i < m.n; i++ {
		blockMix(table[i*m.row:(i+1)*m.row], table[(i-1)*m.row:i*m.row])
		giveWay(i)
	}
	blockMix(x, table[(m.n-1)*m.row:])
}

// walk mixes x with n rows of the table, each chosen by x itself.
func (m *Memory) walk(x, y []uint32) {
	table := m.tableOf(0)
	for i := range m.n {
		j := int(x[m.row-salsaWords] & uint32(m.n-1))
		xor(x, table[j*m.row:(j+1)*m.row])
		blockMix(y, x)
		x, y = y, x
		giveWay(i)
	}
	// n is even: the result is where x was in the beginning.
}

// xor, like blockMix and salsa, only touches the memory of its caller, who has
// it alone. Watching millions of its accesses for races would find nothing and
// make hashes ten times slower in tests: hence go:norace.
//
//go:norace
func xor(dst, src []uint32) {
	for i, word := range src[:len(dst)] {
		dst[i] ^= word
	}
}

// blockMix is scryptBlockMix (RFC 7914, section 4) from in to out, which do
// not overlap. The results of even blocks go to the first half, those of odd
// blocks to the second.
//
//go:norace
func blockMix(out, in []uint32) {
	half := len(in) / 2
	var x [salsaWords]uint32
	copy(x[:], in[len(in)-salsaWords:])
	for i := 0; i < half; i += salsaWords {
		even := in[2*i:][:2*salsaWords]
		salsa(&x, (*[salsaWords]uint32)(even), (*[salsaWords]uint32)(out[i:]))
		salsa(&x, (*[salsaWords]uint32)(even[salsaWords:]), (*[salsaWords]uint32)(out[half+i:]))
	}
}
