package drop_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
)

// BenchmarkClaim takes, opens and finishes one message of a maildir.
func BenchmarkClaim(b *testing.B) {
	dir := b.TempDir()
	fsys, err := durable.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer fsys.Close()
	folder, err := drop.Open(fsys, drop.Options{Format: format(b, "postfix")})
	if err != nil {
		b.Fatal(err)
	}
	const content = "Return-Path: <a@b.test>\nX-Original-To: c@d.test\nDelivered-To: c@d.test\nReceived: x\n\n"
	for i := range b.N {
		if err := os.WriteFile(filepath.Join(dir, "new", fmt.Sprint(i)), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for item, err := range folder.Claim(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
		_, file, err := item.Open()
		if err != nil {
			b.Fatal(err)
		}
		file.Close()
		if err := item.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}
