package main

import (
	"io"
	"time"

	"github.com/rs/zerolog"

	"mailchute/pkg/config"
	"mailchute/pkg/text"
)

// logTime is RFC 3339 with milliseconds.
const logTime = "2006-01-02T15:04:05.000Z07:00"

// logger writes the events of jobs to w, at the level of the configuration or above atLeast.
func (c *cli) logger(o config.Log, w io.Writer, atLeast zerolog.Level) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(o.Level)
	if err != nil {
		return zerolog.Nop(), err
	}
	console := o.Format == config.LogConsole || (o.Format == config.LogAuto && isTerminal(c.err))
	var out io.Writer = jsonWriter{w}
	if console {
		out = zerolog.ConsoleWriter{
			Out: w, NoColor: !c.paintFor(c.err).on, TimeFormat: "15:04:05", FormatPrepare: safeEvent,
			FieldsExclude: []string{"task_category", "host", "job", "message_ids", "failed", "unknown_addresses", "more"},
		}
	}
	stamp := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Str(zerolog.TimestampFieldName, time.Now().UTC().Format(logTime))
	})
	return zerolog.New(out).Level(max(level, atLeast)).Hook(stamp), nil
}

// safeEvent makes every text of an event safe to print.
func safeEvent(event map[string]any) error {
	for name, value := range event {
		event[name] = safeValue(value)
	}
	return nil
}

func safeValue(value any) any {
	switch v := value.(type) {
	case string:
		return text.Safe(v)
	case []any:
		for i := range v {
			v[i] = safeValue(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = safeValue(v[name])
		}
	}
	return value
}
