package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avx512 holds all four lanes in a register, and rotates in one instruction.
type avx512 struct{ *build.Context }

func (avx512) suffix() string             { return "AVX512" }
func (avx512) streams() int               { return 1 }
func (m avx512) register() reg.VecVirtual { return m.ZMM() }

func (m avx512) load(from operand.Mem, to reg.VecVirtual)  { m.VMOVDQU32(from, to) }
func (m avx512) store(from reg.VecVirtual, to operand.Mem) { m.VMOVDQU32(from, to) }
func (m avx512) xor(with operand.Op, to reg.VecVirtual)    { m.VPXORD(with, to, to) }
func (m avx512) add(with operand.Op, to reg.VecVirtual)    { m.VPADDD(with, to, to) }

func (m avx512) addRotateXor(out, a, b []reg.VecVirtual, bits uint64) {
	for i := range out {
		sum := m.ZMM()
		m.VPADDD(a[i], b[i], sum)
		m.VPROLD(operand.U8(bits), sum, sum)
		m.VPXORD(sum, out[i], out[i])
	}
}

func (m avx512) shuffle(order uint64, v reg.VecVirtual) { m.VPSHUFD(operand.U8(order), v, v) }

func (m avx512) gather(rows [lanes]operand.Mem, state [][]reg.VecVirtual) {
	var blocks [lanes]reg.VecVirtual
	for lane, row := range rows {
		blocks[lane] = m.ZMM()
		m.VMOVDQU32(row, blocks[lane])
	}
	for i, v := range m.transpose(blocks) {
		m.VPXORD(v, state[0][i], state[0][i])
	}
}

func (m avx512) scatter(from operand.Mem, rows [lanes]operand.Mem, state [][]reg.VecVirtual) {
	var vectors [4]reg.VecVirtual
	for i := range vectors {
		vectors[i] = m.ZMM()
		m.VMOVDQU32(from.Offset(i*wideLine), vectors[i])
		m.VPXORD(vectors[i], state[0][i], state[0][i])
	}
	for lane, v := range m.transpose(vectors) {
		m.VMOVDQU32(v, rows[lane])
	}
}

// transpose turns four registers of a lane's four vectors each into four
// registers of a vector of all lanes each, and back.
func (m avx512) transpose(in [4]reg.VecVirtual) (out [4]reg.VecVirtual) {
	var halves [4]reg.VecVirtual
	for i, pair := range [4][2]int{{0, 1}, {0, 1}, {2, 3}, {2, 3}} {
		halves[i] = m.ZMM()
		m.VSHUFI32X4(operand.U8([]uint64{0x44, 0xee}[i%2]), in[pair[1]], in[pair[0]], halves[i])
	}
	for i := range out {
		out[i] = m.ZMM()
		m.VSHUFI32X4(operand.U8([]uint64{0x88, 0xdd}[i%2]), halves[2+i/2], halves[i/2], out[i])
	}
	return out
}
