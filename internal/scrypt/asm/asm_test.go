package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGenerate_writes_what_is_committed(t *testing.T) {
	t.Parallel()
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is generated: run go generate ./internal/scrypt", name)
		}
	}
}
