package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avx2 holds two lanes in a register: two streams, whose instructions alternate.
type avx2 struct{ *build.Context }

func (avx2) suffix() string             { return "AVX2" }
func (avx2) streams() int               { return 2 }
func (m avx2) register() reg.VecVirtual { return m.YMM() }

func (m avx2) load(from operand.Mem, to reg.VecVirtual)  { m.VMOVDQU(from, to) }
func (m avx2) store(from reg.VecVirtual, to operand.Mem) { m.VMOVDQU(from, to) }
func (m avx2) xor(with operand.Op, to reg.VecVirtual)    { m.VPXOR(with, to, to) }
func (m avx2) add(with operand.Op, to reg.VecVirtual)    { m.VPADDD(with, to, to) }

func (m avx2) addRotateXor(out, a, b []reg.VecVirtual, bits uint64) {
	left, right := make([]reg.VecVirtual, len(out)), make([]reg.VecVirtual, len(out))
	for i := range out {
		left[i], right[i] = m.YMM(), m.YMM()
		m.VPADDD(a[i], b[i], right[i])
	}
	for i := range out {
		m.VPSLLD(operand.U8(bits), right[i], left[i])
	}
	for i := range out {
		m.VPSRLD(operand.U8(32-bits), right[i], right[i])
	}
	for i := range out {
		m.VPXOR(left[i], out[i], out[i])
	}
	for i := range out {
		m.VPXOR(right[i], out[i], out[i])
	}
}

func (m avx2) shuffle(order uint64, v reg.VecVirtual) { m.VPSHUFD(operand.U8(order), v, v) }

func (m avx2) gather(rows [lanes]operand.Mem, state [][]reg.VecVirtual) {
	for stream, vectors := range state {
		for i := 0; i < len(vectors); i += 2 {
			first, second := m.YMM(), m.YMM()
			m.VMOVDQU(rows[2*stream].Offset(i*vector), first)
			m.VMOVDQU(rows[2*stream+1].Offset(i*vector), second)
			low, high := m.transposePair(first, second)
			m.VPXOR(low, vectors[i], vectors[i])
			m.VPXOR(high, vectors[i+1], vectors[i+1])
		}
	}
}

func (m avx2) scatter(from operand.Mem, rows [lanes]operand.Mem, state [][]reg.VecVirtual) {
	for stream, vectors := range state {
		for i := 0; i < len(vectors); i += 2 {
			low, high := m.YMM(), m.YMM()
			m.VMOVDQU(from.Offset(i*wideLine+stream*2*vector), low)
			m.VMOVDQU(from.Offset((i+1)*wideLine+stream*2*vector), high)
			m.VPXOR(low, vectors[i], vectors[i])
			m.VPXOR(high, vectors[i+1], vectors[i+1])
			first, second := m.transposePair(low, high)
			m.VMOVDQU(first, rows[2*stream].Offset(i*vector))
			m.VMOVDQU(second, rows[2*stream+1].Offset(i*vector))
		}
	}
}

// transposePair turns two registers of a lane's two vectors each into two
// registers of a vector of both lanes each, and back.
func (m avx2) transposePair(a, b reg.VecVirtual) (low, high reg.VecVirtual) {
	low, high = m.YMM(), m.YMM()
	m.VPERM2I128(operand.U8(0x20), b, a, low)
	m.VPERM2I128(operand.U8(0x31), b, a, high)
	return low, high
}
