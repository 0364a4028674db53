package scrypt

import "encoding/binary"

// A kernel is scryptBlockMix (RFC 7914, section 4) for four lanes in vector
// registers of one kind.
//
// A state holds a row of each lane: for every block its four vectors of four
// words, and of each vector those of all lanes side by side. The words of a
// block are in the order of the diagonals of Salsa20's matrix.
type kernel struct {
	name string
	// fill copies the lanes of in to their rows, and mixes in to out.
	fill func(out, in *uint32, rows *[maxLanes]*uint32, r uint64)
	// walk mixes in XOR rows to out.
	walk func(out, in *uint32, rows *[maxLanes]*uint32, r uint64)
}

// vectorWords are the words of one lane in a vector register.
const vectorWords = 4

// mixLanes is scryptROMix (RFC 7914, section 5) on two to four blocks, in place.
// Without company a lane repeats what the first one does, in the same memory.
func (m *Memory) mixLanes(blocks [][]byte) {
	var tables [maxLanes][]uint32
	for lane := range tables {
		source := lane
		if lane >= len(blocks) {
			source = 0
		}
		tables[lane] = m.tableOf(source)
		spread(m.x, blocks[source], lane)
	}
	x, y := m.x, m.y
	var rows [maxLanes]*uint32
	for i := range m.n {
		for lane, table := range tables {
			rows[lane] = &table[i*m.row]
		}
		m.kernel.fill(&y[0], &x[0], &rows, uint64(m.r))
		x, y = y, x
		giveWay(i)
	}
	for i := range m.n {
		last := x[len(x)-maxLanes*salsaWords:]
		for lane, table := range tables {
			j := int(last[lane*vectorWords] & uint32(m.n-1))
			rows[lane] = &table[j*m.row]
		}
		m.kernel.walk(&y[0], &x[0], &rows, uint64(m.r))
		x, y = y, x
		giveWay(i)
	}
	// Mixed 2n times, the result is in m.x again.
	for lane, block := range blocks {
		collect(block, m.x, lane)
	}
}

// spread writes the words of a block to their places in a lane of a state.
func spread(state []uint32, block []byte, lane int) {
	for i := range len(block) / 4 {
		state[place(i, lane)] = binary.LittleEndian.Uint32(block[4*i:])
	}
}

// collect is the reverse of spread.
func collect(block []byte, state []uint32, lane int) {
	for i := range len(block) / 4 {
		binary.LittleEndian.PutUint32(block[4*i:], state[place(i, lane)])
	}
}

// place returns where word i of a lane's row is in a state. Its place p in the
// block of 16 words is the one with 5p = i modulo 16: 5 words on is one
// down and one to the right in a matrix of four by four.
func place(i, lane int) int {
	block, p := i/salsaWords, 13*i%salsaWords // 13 is the inverse of 5
	vector, word := p/vectorWords, p%vectorWords
	return ((block*4+vector)*maxLanes+lane)*vectorWords + word
}
