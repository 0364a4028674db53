package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheDevelopmentSecretIsMadeOnceForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "auth.db")
	first, path, err := developmentSecret(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if path != file+".secret" || info.Mode().Perm() != 0o600 {
		t.Errorf("%s has the mode %v", path, info.Mode())
	}
	second, _, err := developmentSecret(file)
	if err != nil || second != first || len(first) != 64 {
		t.Errorf("the secret is another one the second time, or short: %v", err)
	}
	if other, _, err := developmentSecret(file + "2"); err != nil || other == first {
		t.Errorf("the secret of another database is the same: %v", err)
	}
}

func TestADamagedDevelopmentSecretIsNotUsed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "auth.db")
	if err := os.WriteFile(file+".secret", []byte("oops\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := developmentSecret(file); err == nil || !strings.Contains(err.Error(), "delete it") || strings.Contains(err.Error(), "oops") {
		t.Error(err)
	}
	if _, _, err := developmentSecret(filepath.Join(t.TempDir(), "no", "a.db")); err == nil {
		t.Error("a folder that does not exist is no problem")
	}
}
