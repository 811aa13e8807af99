package sqlcat

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mailchute/pkg/message"
)

// digestValue returns the column of a digest: NULL for the zero one.
func digestValue(d message.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

// digestColumn scans what digestValue wrote.
type digestColumn struct{ *message.Digest }

// Scan implements sql.Scanner.
func (c digestColumn) Scan(v any) error {
	*c.Digest = message.Digest{}
	if v == nil {
		return nil
	}
	b, ok := v.([]byte)
	if !ok || len(b) != len(c.Digest) {
		return fmt.Errorf("no digest: %v", v)
	}
	copy(c.Digest[:], b)
	return nil
}

func scanDigest(rows *sql.Rows) (d message.Digest, err error) {
	err = rows.Scan(digestColumn{&d})
	return d, err
}

// timeValue returns the column of a time: 0 for the zero time.
func timeValue(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeColumn scans what timeValue wrote.
type timeColumn struct{ *time.Time }

// Scan implements sql.Scanner.
func (c timeColumn) Scan(v any) error {
	us, ok := v.(int64)
	if !ok {
		return fmt.Errorf("no time: %v", v)
	}
	*c.Time = time.Time{}
	if us != 0 {
		*c.Time = time.UnixMicro(us).UTC()
	}
	return nil
}

// nullable returns the column of a name that may be absent: NULL for "".
func nullable(name string) sql.NullString {
	return sql.NullString{String: name, Valid: name != ""}
}

// linesValue returns the column of texts: quoted, since strangers wrote them, one a line.
func linesValue(texts []string) string {
	var b strings.Builder
	for _, s := range texts {
		b.WriteString(strconv.Quote(s))
		b.WriteByte('\n')
	}
	return b.String()
}

// linesColumn scans what linesValue wrote.
type linesColumn struct{ texts *[]string }

// Scan implements sql.Scanner.
func (c linesColumn) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("no lines: %v", v)
	}
	*c.texts = nil
	for line := range strings.Lines(text) {
		s, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return fmt.Errorf("line %s: %w", line, err)
		}
		*c.texts = append(*c.texts, s)
	}
	return nil
}

// jsonValue is the column of something as JSON.
type jsonValue struct{ v any }

// Value implements driver.Valuer.
func (c jsonValue) Value() (driver.Value, error) {
	text, err := json.Marshal(c.v)
	return string(text), err
}

// jsonColumn scans what jsonValue wrote.
type jsonColumn struct{ v any }

// Scan implements sql.Scanner.
func (c jsonColumn) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("no JSON: %v", v)
	}
	return json.Unmarshal([]byte(text), c.v)
}

// atMost returns the LIMIT of a query; 0 stands for all rows.
func atMost(limit int) int64 {
	if limit <= 0 {
		return math.MaxInt64
	}
	return int64(limit)
}
