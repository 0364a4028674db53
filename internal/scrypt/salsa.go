package scrypt

import "math/bits"

// salsa sets x to Salsa20/8 (RFC 7914, section 3) of x XOR in, and copies the
// result to out. The words live in local variables, for registers' sake.
//
//go:norace
func salsa(x, in, out *[salsaWords]uint32) {
	w0 := x[0] ^ in[0]
	w1 := x[1] ^ in[1]
	w2 := x[2] ^ in[2]
	w3 := x[3] ^ in[3]
	w4 := x[4] ^ in[4]
	w5 := x[5] ^ in[5]
	w6 := x[6] ^ in[6]
	w7 := x[7] ^ in[7]
	w8 := x[8] ^ in[8]
	w9 := x[9] ^ in[9]
	w10 := x[10] ^ in[10]
	w11 := x[11] ^ in[11]
	w12 := x[12] ^ in[12]
	w13 := x[13] ^ in[13]
	w14 := x[14] ^ in[14]
	w15 := x[15] ^ in[15]

	x0, x1, x2, x3 := w0, w1, w2, w3
	x4, x5, x6, x7 := w4, w5, w6, w7
	x8, x9, x10, x11 := w8, w9, w10, w11
	x12, x13, x14, x15 := w12, w13, w14, w15
	for range 4 {
		// Columns.
		x4 ^= bits.RotateLeft32(x0+x12, 7)
		x8 ^= bits.RotateLeft32(x4+x0, 9)
		x12 ^= bits.RotateLeft32(x8+x4, 13)
		x0 ^= bits.RotateLeft32(x12+x8, 18)

		x9 ^= bits.RotateLeft32(x5+x1, 7)
		x13 ^= bits.RotateLeft32(x9+x5, 9)
		x1 ^= bits.RotateLeft32(x13+x9, 13)
		x5 ^= bits.RotateLeft32(x1+x13, 18)

		x14 ^= bits.RotateLeft32(x10+x6, 7)
		x2 ^= bits.RotateLeft32(x14+x10, 9)
		x6 ^= bits.RotateLeft32(x2+x14, 13)
		x10 ^= bits.RotateLeft32(x6+x2, 18)

		x3 ^= bits.RotateLeft32(x15+x11, 7)
		x7 ^= bits.RotateLeft32(x3+x15, 9)
		x11 ^= bits.RotateLeft32(x7+x3, 13)
		x15 ^= bits.RotateLeft32(x11+x7, 18)

		// Rows.
		x1 ^= bits.RotateLeft32(x0+x3, 7)
		x2 ^= bits.RotateLeft32(x1+x0, 9)
		x3 ^= bits.RotateLeft32(x2+x1, 13)
		x0 ^= bits.RotateLeft32(x3+x2, 18)

		x6 ^= bits.RotateLeft32(x5+x4, 7)
		x7 ^= bits.RotateLeft32(x6+x5, 9)
		x4 ^= bits.RotateLeft32(x7+x6, 13)
		x5 ^= bits.RotateLeft32(x4+x7, 18)

		x11 ^= bits.RotateLeft32(x10+x9, 7)
		x8 ^= bits.RotateLeft32(x11+x10, 9)
		x9 ^= bits.RotateLeft32(x8+x11, 13)
		x10 ^= bits.RotateLeft32(x9+x8, 18)

		x12 ^= bits.RotateLeft32(x15+x14, 7)
		x13 ^= bits.RotateLeft32(x12+x15, 9)
		x14 ^= bits.RotateLeft32(x13+x12, 13)
		x15 ^= bits.RotateLeft32(x14+x13, 18)
	}

	x0 += w0
	x1 += w1
	x2 += w2
	x3 += w3
	x4 += w4
	x5 += w5
	x6 += w6
	x7 += w7
	x8 += w8
	x9 += w9
	x10 += w10
	x11 += w11
	x12 += w12
	x13 += w13
	x14 += w14
	x15 += w15

	x[0], out[0] = x0, x0
	x[1], out[1] = x1, x1
	x[2], out[2] = x2, x2
	x[3], out[3] = x3, x3
	x[4], out[4] = x4, x4
	x[5], out[5] = x5, x5
	x[6], out[6] = x6, x6
	x[7], out[7] = x7, x7
	x[8], out[8] = x8, x8
	x[9], out[9] = x9, x9
	x[10], out[10] = x10, x10
	x[11], out[11] = x11, x11
	x[12], out[12] = x12, x12
	x[13], out[13] = x13, x13
	x[14], out[14] = x14, x14
	x[15], out[15] = x15, x15
}
