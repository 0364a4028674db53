// Command providerpages writes docs/providers: a page for each provider of
// social sign-in, made of the provider's own code, which is run against a fake,
// and of what the catalogue says about it; and the list of them with their tests.
// Run it in the root of the repository.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := write(context.Background(), "."); err != nil {
		fmt.Fprintln(os.Stderr, "providerpages:", err)
		os.Exit(1)
	}
}

// write writes all pages below a root.
func write(ctx context.Context, root string) error {
	all, err := pages(ctx, root)
	if err != nil {
		return err
	}
	folder := filepath.Join(root, "docs", "providers")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	for _, name := range sortedKeys(all) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(all[name]), 0o600); err != nil {
			return fmt.Errorf("write a page: %w", err)
		}
	}
	return nil
}

// pages returns the text of each page by its file name.
func pages(ctx context.Context, root string) (map[string]string, error) {
	all := map[string]string{}
	list := providers()
	found := make([]facts, len(list))
	for i, p := range list {
		f, err := factsOf(ctx, root, p)
		if err != nil {
			return nil, err
		}
		found[i] = f
		all[p.id+".md"] = page(p, f)
	}
	all["README.md"] = index(list, found)
	return all, nil
}
