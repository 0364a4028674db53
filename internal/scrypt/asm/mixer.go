package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A machine is a set of instructions. Its streams are the registers that hold
// the state between them: 4 vectors of every lane.
type machine interface {
	suffix() string
	// streams is over how many registers the lanes of one vector are spread.
	streams() int
	register() reg.VecVirtual
	load(from operand.Mem, to reg.VecVirtual)
	store(from reg.VecVirtual, to operand.Mem)
	xor(with operand.Op, to reg.VecVirtual)
	add(with operand.Op, to reg.VecVirtual)
	// addRotateXor does out ^= (a + b) <<< bits for all streams at once, which
	// fills the time that one spends waiting for its results.
	addRotateXor(out, a, b []reg.VecVirtual, bits uint64)
	// shuffle moves the words within each lane's vector.
	shuffle(order uint64, v reg.VecVirtual)
	// gather reads a block of each lane from its row and xors it with the state.
	gather(rows [lanes]operand.Mem, state [][]reg.VecVirtual)
	// scatter xors a block of all lanes with the state, and writes each lane's to
	// its row.
	scatter(from operand.Mem, rows [lanes]operand.Mem, state [][]reg.VecVirtual)
}

// A mixer generates one step of scryptROMix for all lanes: scryptBlockMix from
// one state to another.
type mixer struct {
	*build.Context
	machine

	name string
	// walks says that the rows are read, and mixed in, instead of written.
	walks bool

	in, out, odd reg.GPVirtual
	rows         [lanes]reg.GPVirtual
}

func (m mixer) generate() {
	m.Function(m.name)
	m.Attributes(attr.NOSPLIT)
	m.SignatureExpr("func(out, in *uint32, rows *[4]*uint32, r uint64)")
	m.Pragma("noescape")
	if m.walks {
		m.Doc(m.name + " mixes in XOR rows to out.")
	} else {
		m.Doc(m.name + " copies in to rows, and mixes it to out.")
	}
	m.in = m.Load(m.Param("in"), m.GP64()).(reg.GPVirtual)
	m.out = m.Load(m.Param("out"), m.GP64()).(reg.GPVirtual)
	rows := m.Load(m.Param("rows"), m.GP64())
	for lane := range m.rows {
		m.rows[lane] = m.GP64()
		m.MOVQ(operand.Mem{Base: rows, Disp: 8 * lane}, m.rows[lane])
	}
	count := m.Load(m.Param("r"), m.GP64()).(reg.GPVirtual)

	m.Comment("The mixing begins with the last block.")
	last := m.GP64()
	m.MOVQ(count, last)
	m.SHLQ(operand.U8(7), last)
	m.SUBQ(operand.U8(block), last)
	m.odd = m.GP64()
	m.MOVQ(last, m.odd)
	m.SHLQ(operand.U8(2), m.odd)
	state := m.newState()
	m.each(state, func(v reg.VecVirtual, at int) {
		m.load(operand.Mem{Base: m.in, Index: m.odd, Scale: 1, Disp: at}, v)
	})
	if m.walks {
		var ends [lanes]operand.Mem
		for lane, row := range m.rows {
			ends[lane] = operand.Mem{Base: row, Index: last, Scale: 1}
		}
		m.gather(ends, state)
		for distance := range prefetchDistance {
			for _, row := range m.rows {
				m.PREFETCHT0(operand.Mem{Base: row, Disp: distance * block})
			}
		}
	}

	m.Comment("Results of odd blocks go to the second half.")
	m.MOVQ(count, m.odd)
	m.SHLQ(operand.U8(8), m.odd)
	m.ADDQ(m.out, m.odd)

	m.Label(m.name + "_loop")
	m.mix(state, 0, m.out)
	m.mix(state, 1, m.odd)
	m.ADDQ(operand.U32(2*wideBlock), m.in)
	m.ADDQ(operand.U32(wideBlock), m.out)
	m.ADDQ(operand.U32(wideBlock), m.odd)
	for _, row := range m.rows {
		m.ADDQ(operand.U32(2*block), row)
	}
	m.DECQ(count)
	m.JNE(operand.LabelRef(m.name + "_loop"))
	m.VZEROUPPER()
	m.RET()
}

// mix does one block.
func (m mixer) mix(state [][]reg.VecVirtual, number int, out reg.GPVirtual) {
	var rows [lanes]operand.Mem
	for lane, row := range m.rows {
		rows[lane] = operand.Mem{Base: row, Disp: number * block}
		if m.walks {
			m.PREFETCHT0(operand.Mem{Base: row, Disp: (number + prefetchDistance) * block})
		}
	}
	if m.walks {
		m.each(state, func(v reg.VecVirtual, at int) {
			m.xor(operand.Mem{Base: m.in, Disp: number*wideBlock + at}, v)
		})
		m.gather(rows, state)
	} else {
		m.scatter(operand.Mem{Base: m.in, Disp: number * wideBlock}, rows, state)
	}
	m.each(state, func(v reg.VecVirtual, at int) { m.store(v, operand.Mem{Base: out, Disp: at}) })
	m.salsa(state)
	m.each(state, func(v reg.VecVirtual, at int) {
		m.add(operand.Mem{Base: out, Disp: at}, v)
		m.store(v, operand.Mem{Base: out, Disp: at})
	})
}

// salsa does the eight rounds of Salsa20/8. The vectors hold the diagonals of
// the matrix of words, so that a round is the same for columns and rows once
// they are turned.
func (m mixer) salsa(state [][]reg.VecVirtual) {
	vectors := func(i int) (all []reg.VecVirtual) {
		for _, stream := range state {
			all = append(all, stream[i])
		}
		return all
	}
	turn := func(i int, order uint64) {
		for _, stream := range state {
			m.shuffle(order, stream[i])
		}
	}
	for range 4 {
		m.addRotateXor(vectors(1), vectors(0), vectors(3), 7)
		m.addRotateXor(vectors(2), vectors(1), vectors(0), 9)
		m.addRotateXor(vectors(3), vectors(2), vectors(1), 13)
		m.addRotateXor(vectors(0), vectors(3), vectors(2), 18)
		turn(1, 0x93)
		turn(2, 0x4e)
		turn(3, 0x39)
		m.addRotateXor(vectors(3), vectors(0), vectors(1), 7)
		m.addRotateXor(vectors(2), vectors(3), vectors(0), 9)
		m.addRotateXor(vectors(1), vectors(2), vectors(3), 13)
		m.addRotateXor(vectors(0), vectors(1), vectors(2), 18)
		turn(1, 0x39)
		turn(2, 0x4e)
		turn(3, 0x93)
	}
}

func (m mixer) newState() [][]reg.VecVirtual {
	state := make([][]reg.VecVirtual, m.streams())
	for stream := range state {
		for range 4 {
			state[stream] = append(state[stream], m.register())
		}
	}
	return state
}

// each visits the registers of a state with their places in memory.
func (m mixer) each(state [][]reg.VecVirtual, visit func(v reg.VecVirtual, at int)) {
	for i := range 4 {
		for stream := range state {
			visit(state[stream][i], i*wideLine+stream*wideLine/len(state))
		}
	}
}
