// Command asm writes the assembly of package scrypt: scryptBlockMix for four
// lanes side by side in vector registers. Run it with go generate.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

const (
	lanes     = 4
	vector    = 16             // bytes of one lane in a register: four words
	block     = 64             // bytes of a Salsa20 block of one lane
	wideBlock = lanes * block  // of all lanes
	wideLine  = lanes * vector // of one vector of all lanes
)

// prefetchDistance is how many blocks before it is needed a part of a row is
// asked for: memory takes longer than a block.
const prefetchDistance = 8

func main() {
	files, err := generate()
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join("..", name), text, 0o600); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the text of the assembly and of the Go file that declares it.
func generate() (map[string][]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("amd64,!purego")
	for _, m := range []machine{avx2{c}, avx512{c}} {
		mixer{Context: c, machine: m, name: "fill" + m.suffix()}.generate()
		mixer{Context: c, machine: m, name: "walk" + m.suffix(), walks: true}.generate()
	}
	file, err := c.Result()
	if err != nil {
		return nil, fmt.Errorf("build the functions: %w", err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, fmt.Errorf("allocate registers: %w", err)
	}
	files := map[string][]byte{}
	config := printer.Config{Name: "internal/scrypt/asm", Pkg: "scrypt"}
	for name, printing := range map[string]printer.Printer{"lanes_amd64.s": printer.NewGoAsm(config), "lanes_amd64.go": printer.NewStubs(config)} {
		text, err := printing.Print(file)
		if err != nil {
			return nil, fmt.Errorf("print %s: %w", name, err)
		}
		files[name] = append(bytes.TrimSpace(text), '\n')
	}
	return files, nil
}
