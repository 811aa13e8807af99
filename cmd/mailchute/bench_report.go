package main

import (
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"mailchute/pkg/text"
)

// benchReport is what a measurement found. Of what is not known on this system it has 0.
type benchReport struct {
	Messages        int    `json:"messages"`
	Bytes           int64  `json:"bytes"` // of drop files
	Attachments     int    `json:"attachments"`
	AttachmentBytes int64  `json:"attachment_bytes"`
	Parts           int    `json:"parts"`
	Dir             string `json:"dir"`
	FileSystem      string `json:"file_system"`
	Cores           int    `json:"cores"`

	ElapsedMS         float64      `json:"elapsed_ms"`
	MessagesPerSecond float64      `json:"messages_per_second"`
	BytesPerSecond    float64      `json:"bytes_per_second"`
	CPUUserMS         float64      `json:"cpu_user_ms"`
	CPUSystemMS       float64      `json:"cpu_system_ms"`
	CPUPerMessageMS   float64      `json:"cpu_per_message_ms"`
	MemoryBefore      int64        `json:"memory_before"`
	MemoryPeak        int64        `json:"memory_peak"`
	Groups            int          `json:"groups"`
	Blobs             int          `json:"blobs"`
	Stages            []benchStage `json:"stages"`

	Extract         benchExtract `json:"extract"`
	Floor           benchFloor   `json:"floor"`
	Ratio           float64      `json:"ratio"` // messages_per_second to those of the floor
	MessagesPerHour int64        `json:"messages_per_hour"`
	Warnings        []string     `json:"warnings"`
}

// benchStage is the time in one stage, summed over all that run side by side.
type benchStage struct {
	Stage        string  `json:"stage"`
	ElapsedMS    float64 `json:"elapsed_ms"`
	PerMessageMS float64 `json:"per_message_ms"`
	Calls        int64   `json:"calls"`
	what         string
}

// benchExtract is what it takes to write every part of a message into a file, on one core.
type benchExtract struct {
	Messages        int     `json:"messages"`
	ElapsedMS       float64 `json:"elapsed_ms"`
	CPUMS           float64 `json:"cpu_ms"`
	CPUPerMessageMS float64 `json:"cpu_per_message_ms"`
}

// benchFloor is what the machine does at best.
type benchFloor struct {
	MessagesPerSecond     float64 `json:"messages_per_second"`
	DiskMessagesPerSecond float64 `json:"disk_messages_per_second"`
	CPUMessagesPerSecond  float64 `json:"cpu_messages_per_second"`
	ReadPerSecond         float64 `json:"read_bytes_per_second"`
	WritePerSecond        float64 `json:"write_bytes_per_second"`
	Base64PerSecond       float64 `json:"base64_bytes_per_second"`
	SHA256PerSecond       float64 `json:"sha256_bytes_per_second"`
}

// report puts what was measured together.
func (b *bench) report() benchReport {
	on, cores, n := fileSystemOf(b.dir), runtime.GOMAXPROCS(0), float64(b.messages)
	d, t := b.drained, b.mail.tally
	r := benchReport{
		Messages: t.Messages, Bytes: t.Bytes, Attachments: t.Attachments, AttachmentBytes: t.Decoded, Parts: t.Parts,
		Dir: filepath.Dir(b.dir), FileSystem: on.String(), Cores: cores,
		ElapsedMS: ms(d.elapsed), MessagesPerSecond: per(n, d.elapsed), BytesPerSecond: math.Round(per(float64(t.Bytes), d.elapsed)),
		CPUUserMS: ms(d.cpu.user), CPUSystemMS: ms(d.cpu.system), CPUPerMessageMS: round(ms(d.cpu.total()) / n),
		MemoryBefore: d.memory.before, MemoryPeak: d.memory.peak, Groups: len(d.stages.groups),
		Extract: benchExtract{
			Messages: b.extract.messages, ElapsedMS: ms(b.extract.elapsed), CPUMS: ms(b.extract.cpu.total()),
			CPUPerMessageMS: round(ms(b.extract.cpu.total()) / float64(b.extract.messages)),
		},
		Floor:    b.floor.report(n, cores),
		Warnings: b.warnings(on),
	}
	for _, group := range d.stages.groups {
		r.Blobs += len(group)
	}
	for _, s := range d.stages.all() {
		took := time.Duration(s.nanos.Load())
		r.Stages = append(r.Stages, benchStage{s.name, ms(took), round(ms(took) / n), s.calls.Load(), s.what})
	}
	r.Ratio = round(r.MessagesPerSecond / r.Floor.MessagesPerSecond)
	r.MessagesPerHour = roughly(r.MessagesPerSecond * 3600)
	return r
}

func (f floor) report(messages float64, cores int) benchFloor {
	return benchFloor{
		MessagesPerSecond:     per(messages, f.elapsed(cores)),
		DiskMessagesPerSecond: per(messages, f.disk),
		CPUMessagesPerSecond:  per(messages, f.cpu/time.Duration(cores)),
		ReadPerSecond:         math.Round(f.speeds.read), WritePerSecond: math.Round(f.speeds.write),
		Base64PerSecond: math.Round(f.speeds.base64), SHA256PerSecond: math.Round(f.speeds.hash),
	}
}

// enough is how many messages make start and end of a run weigh little.
const enough = 500

// warnings says what makes the measurement misleading.
func (b *bench) warnings(on fileSystem) []string {
	warnings := []string{}
	if why := on.misleads(); why != "" {
		warnings = append(warnings, why)
	}
	if b.messages < enough {
		warnings = append(warnings, fmt.Sprintf("fewer than %d messages: the start and the end of the run weigh too much", enough))
	}
	return warnings
}

// printBench prints what was measured.
func (c *cli) printBench(r benchReport) error {
	if c.json {
		return c.printJSON(r)
	}
	p, size := c.paintFor(c.out), decimal(float64(r.Bytes)/float64(r.Messages))
	_, err := fmt.Fprintf(c.out, "Filed %s of %s on average in %s s, in %s: %s, %s.\n\n", count(r.Messages, "message"), size,
		digits(r.ElapsedMS/1000), text.Safe(r.Dir), text.Safe(r.FileSystem), count(r.Cores, "core"))
	if err != nil {
		return err
	}
	if err := table(c.out, p, columns("RESULT", ">VALUE", "UNIT"), r.results()); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(c.out); err != nil {
		return err
	}
	if err := table(c.out, p, columns("STAGE", ">SECONDS", ">MS/MESSAGE", ">CALLS", "WHAT IT DOES"), r.stages()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "Stages run side by side and wait for the disk: their seconds add up to more than the run took.\n\n%s\n",
		p.bold(fmt.Sprintf("This machine files about %s messages of %s an hour.", people(r.MessagesPerHour), size)))
	for _, w := range r.Warnings {
		if err == nil {
			_, err = fmt.Fprintf(c.out, "%s %s.\n", p.yellow("Misleading:"), w)
		}
	}
	return err
}

func (r benchReport) results() [][]string {
	return [][]string{
		{"throughput", digits(r.MessagesPerSecond), "messages/s"},
		{"", digits(r.BytesPerSecond / 1e6), "MB/s of drop files"},
		{"CPU", digits(r.CPUPerMessageMS), fmt.Sprintf("ms a message: %s s user and %s s system in all", digits(r.CPUUserMS/1000), digits(r.CPUSystemMS/1000))},
		{"memory", digits(float64(r.MemoryPeak) / 1e6), fmt.Sprintf("MB at the peak, %s before", digits(float64(r.MemoryBefore)/1e6))},
		{"groups", fmt.Sprint(r.Groups), fmt.Sprintf("each synced at once: %s messages and %s blobs on average",
			digits(float64(r.Messages)/float64(r.Groups)), digits(float64(r.Blobs)/float64(r.Groups)))},
		{"extraction", digits(r.Extract.CPUPerMessageMS), "ms of CPU a message: all parts to files, nothing else, on one core"},
		{"floor", digits(r.Floor.MessagesPerSecond), fmt.Sprintf("messages/s (disk %s, CPU %s)", digits(r.Floor.DiskMessagesPerSecond), digits(r.Floor.CPUMessagesPerSecond))},
		{"ratio", fmt.Sprintf("%.2f", r.Ratio), "of the floor"},
	}
}

func (r benchReport) stages() (rows [][]string) {
	for _, s := range r.Stages {
		rows = append(rows, []string{s.Stage, fmt.Sprintf("%.2f", s.ElapsedMS/1000), fmt.Sprintf("%.3f", s.PerMessageMS), fmt.Sprint(s.Calls), s.what})
	}
	return rows
}

// ms returns milliseconds.
func ms(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

// per returns how many of n there are in a second.
func per(n float64, d time.Duration) float64 { return round(n / d.Seconds()) }

// round keeps three decimals.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// roughly keeps two digits.
func roughly(x float64) int64 {
	unit := math.Pow(10, max(0, math.Floor(math.Log10(x))-1))
	return int64(math.Round(x/unit) * unit)
}

// people writes a large number as people say it.
func people(n int64) string {
	switch {
	case n >= 1_000_000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', -1, 64) + " million"
	case n >= 1000:
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(n)
}
