package workload

import (
	"fmt"
	"strings"
)

// encoding is how the bytes of a kind of file are sent.
type encoding int

const (
	inBase64 encoding = iota
	inQuoted
	in8bit
)

// file is a kind of attachment.
type file struct {
	share     float64
	mediaType string
	name      string // as a parameter of Content-Disposition; %d is its number
	encoding  encoding
}

// foldedLine is where a name goes on in the next line.
const foldedLine = "\n\t"

// files are the kinds, with names as mail programs write them: quoted, extended (RFC
// 2231), in pieces, and against the rules as an encoded word.
var files = []file{
	{0.30, "application/pdf", `filename="Invoice %d.pdf"`, inBase64},
	{0.15, "application/pdf", `filename*=utf-8''Angebot%%20M%%C3%%A4rz%%20%d.pdf`, inBase64},
	{0.12, "image/jpeg", `filename=IMG_%d.jpg`, inBase64},
	{0.12, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", `filename="=?utf-8?Q?Tabelle_=C3=9Cbersicht_%d.xlsx?="`, inBase64},
	{0.10, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", `filename*0="Minutes of the meeting of the board ";` + foldedLine + `filename*1="%d.docx"`, inBase64},
	{0.06, "application/zip", `filename="drawings-%d.zip"`, inBase64},
	{0.08, "text/csv; charset=utf-8", `filename="table%d.csv"`, inQuoted},
	{0.07, "text/plain; charset=utf-8", `filename="log %d.txt"`, in8bit},
}

// attachment writes the message's attachment of a number, with its header.
func (w *writer) attachment(number int) {
	shares := make([]float64, len(files)-1)
	for i := range shares {
		shares[i] = files[i].share
	}
	f, size := files[pick(w.random, shares...)], w.generator.shape.file.draw(w.random)
	w.tally.Parts++
	w.tally.Attachments++
	w.field("Content-Type: %s", f.mediaType)
	name := strings.ReplaceAll(fmt.Sprintf(f.name, 10*w.number+number), foldedLine, w.material.end+"\t")
	w.field("Content-Disposition: attachment; %s", name)
	if f.encoding == inBase64 {
		w.base64(size)
		w.tally.Decoded += int64(size)
		return
	}
	quoted := f.encoding == inQuoted
	w.field("Content-Transfer-Encoding: %s%s", encodingOf(quoted), w.material.end)
	own := newWords(fmt.Sprintf("%s %d", w.ID, number), w.material.end)
	w.tally.Decoded += int64(w.sentences(1, []words{own}, quoted) + w.sentences(size, w.material.words, quoted))
}
