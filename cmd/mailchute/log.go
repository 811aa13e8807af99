package main

import (
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"mailchute/pkg/config"
	"mailchute/pkg/text"
)

// logTime is RFC 3339 with milliseconds.
const logTime = "2006-01-02T15:04:05.000Z07:00"

// logger writes the events of jobs to w in the form that the configuration asks for: those
// of its level, and none below atLeast.
func (c *cli) logger(o config.Log, w io.Writer, atLeast zerolog.Level) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(o.Level)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("log level: %w", err)
	}
	var out io.Writer = jsonWriter{w}
	if o.Format == config.LogConsole || (o.Format == config.LogAuto && isTerminal(c.err)) {
		out = console(w, c.paintFor(c.err))
	}
	stamp := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Str(zerolog.TimestampFieldName, time.Now().UTC().Format(logTime))
	})
	return zerolog.New(out).Level(max(level, atLeast)).Hook(stamp), nil
}

// console writes events for people. Whatever strangers wrote into them is safe to print.
func console(w io.Writer, p paint) zerolog.ConsoleWriter {
	safe := func(value any) string { return text.Safe(fmt.Sprintf("%s", value)) }
	return zerolog.ConsoleWriter{
		Out: w, NoColor: !p.on, TimeFormat: time.TimeOnly, TimeLocation: time.Local,
		FormatMessage:       func(value any) string { return p.bold(safe(or(fmt.Sprint(value), "-"))) },
		FormatFieldValue:    safe,
		FormatErrFieldValue: func(value any) string { return p.red(safe(value)) },
		FieldsOrder:         []string{"event_id", "run", "trigger", "processed", "filed", "duplicate", "held", "deleted", "deferred", "documents", "feed", "file"},
		FieldsExclude: []string{
			"task_category", "host", "job", "started", "elapsed_ms", "errors", "bytes", "backlog", "backlog_oldest",
			"message_ids", "failed", "unknown_addresses", "more", "digest", "previous",
		},
	}
}
