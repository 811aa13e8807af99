package message

import "bytes"

// field is one field of a header block.
type field struct {
	name  string // lower case
	value []byte // unfolded, without the blanks around it
}

// wanted lists the fields that anything here reads.
var wanted = []string{
	"content-type", "content-disposition", "content-transfer-encoding", "content-id",
	"message-id", "subject", "from", "to", "cc", "date", "in-reply-to", "references",
}

// splitFields takes the wanted fields out of a header block; of several of one name,
// the first.
func splitFields(block []byte) []field {
	var fields []field
	keep := -1 // the field that the next line may continue
	for len(block) > 0 {
		line := block[:lineLength(block)]
		block = block[len(line):]
		text := bytes.TrimRight(line, "\r\n")
		switch lineKind(line) {
		case fieldLine:
			keep = -1
			name := fieldName(line)
			for _, want := range wanted {
				if len(name) == len(want) && bytes.EqualFold(name, []byte(want)) && value(fields, want) == nil {
					keep = len(fields)
					fields = append(fields, field{want, bytes.Clone(text[bytes.IndexByte(text, ':')+1:])})
				}
			}
		case otherLine:
			if keep >= 0 && !isFromLine(line) {
				fields[keep].value = append(append(fields[keep].value, ' '), text...)
			}
		default:
			if keep >= 0 {
				fields[keep].value = append(fields[keep].value, text...)
			}
		}
	}
	for i := range fields {
		fields[i].value = bytes.Trim(fields[i].value, " \t\r\n")
	}
	return fields
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
