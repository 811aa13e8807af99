package message

import "bytes"

// field is one field of a header block.
type field struct {
	name  string // lower case
	value []byte // unfolded, without the blanks around it; of the block unless it was folded
}

// wanted lists the fields that anything here reads.
var wanted = []string{
	"content-type", "content-disposition", "content-transfer-encoding", "content-id",
	"message-id", "subject", "from", "to", "cc", "date", "in-reply-to", "references",
}

// splitFields takes the wanted fields out of a header block; of several of one name,
// the first. They go into fields, which is emptied first.
func splitFields(fields []field, block []byte) []field {
	fields = fields[:0]
	keep := -1 // the field that the next line may continue
	for len(block) > 0 {
		line := block[:lineLength(block)]
		block = block[len(line):]
		kind := lineKind(line)
		if kind == fieldLine {
			keep = -1
			name := fieldName(line)
			if want := wantedName(name); want != "" && value(fields, want) == nil {
				keep = len(fields)
				text := bytes.TrimRight(line, "\r\n")
				text = text[bytes.IndexByte(text, ':')+1:]
				fields = append(fields, field{want, text[:len(text):len(text)]})
			}
			continue
		}
		if keep < 0 || kind == otherLine && isFromLine(line) {
			continue
		}
		if kind == otherLine {
			fields[keep].value = append(fields[keep].value, ' ')
		}
		fields[keep].value = append(fields[keep].value, bytes.TrimRight(line, "\r\n")...)
	}
	for i := range fields {
		fields[i].value = bytes.Trim(fields[i].value, " \t\r\n")
	}
	return fields
}

// wantedName is the name in lower case where anything here reads such a field, else "".
func wantedName(name []byte) string {
	for _, want := range wanted {
		if isNamed(name, want) {
			return want
		}
	}
	return ""
}

// value returns the value of the named field, nil when it is absent.
func value(fields []field, name string) []byte {
	for _, f := range fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// firstField returns the name of the block's first field in lower case.
func firstField(block []byte) string {
	for len(block) > 0 {
		line := block[:lineLength(block)]
		if lineKind(line) == fieldLine {
			return cut(string(bytes.ToLower(fieldName(line))), maxLabel)
		}
		block = block[len(line):]
	}
	return ""
}

// lineLength is the length of the first line with its end.
func lineLength(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// chomp takes the line end off.
func chomp(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// trimEnd takes blanks and line ends off the end.
func trimEnd(b []byte) []byte {
	n := len(b)
	for n > 0 && (b[n-1] == ' ' || b[n-1] == '\t' || b[n-1] == '\r' || b[n-1] == '\n') {
		n--
	}
	return b[:n]
}
