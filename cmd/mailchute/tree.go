package main

import (
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"mailchute/pkg/text"
)

// printTree draws a folder and what is in it, and an empty line; hidden names are left out.
func printTree(w io.Writer, p paint, dir string) error {
	var b strings.Builder
	b.WriteString(p.blue("libraries") + "\n")
	if err := drawFolder(&b, p, os.DirFS(dir), ".", ""); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

// drawFolder draws the entries of a folder, each line after indent.
func drawFolder(b *strings.Builder, p paint, fsys fs.FS, dir, indent string) error {
	all, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return err
	}
	var entries []fs.DirEntry
	for _, e := range all {
		if !strings.HasPrefix(e.Name(), ".") {
			entries = append(entries, e)
		}
	}
	for i, e := range entries {
		branch, below := "├── ", "│   "
		if i == len(entries)-1 {
			branch, below = "└── ", "    "
		}
		name := text.Safe(e.Name())
		if !e.IsDir() {
			b.WriteString(indent + branch + name + "\n")
			continue
		}
		b.WriteString(indent + branch + p.blue(name) + "\n")
		if err := drawFolder(b, p, fsys, path.Join(dir, e.Name()), indent+below); err != nil {
			return err
		}
	}
	return nil
}
