package event

import (
	"time"

	"github.com/rs/zerolog"
)

// MarshalZerologObject writes the fields of event 6871; level and message are those of
// the log line itself.
func (s Summary) MarshalZerologObject(e *zerolog.Event) {
	e.Int("event_id", s.EventID).Str("task_category", s.TaskCategory).Str("run", s.Run).Str("job", s.Job).
		Str("trigger", s.Trigger).Str("state", s.State).Str("host", s.Host).Str("started", s.Started.Format(time.RFC3339Nano)).
		Float64("elapsed_ms", s.ElapsedMS).Int("processed", s.Processed).Int("filed", s.Filed).
		Int("duplicate", s.Duplicate).Int("held", s.Held).Int("deleted", s.Deleted).Int("deferred", s.Deferred).
		Int("errors", s.Errors).Int("documents", s.Documents).Int64("bytes", s.Bytes).
		Strs("message_ids", s.MessageIDs).Interface("failed", s.Failed).
		Strs("unknown_addresses", s.UnknownAddresses).Int("backlog", s.Backlog)
	if !s.BacklogOldest.IsZero() {
		e.Str("backlog_oldest", s.BacklogOldest.Format(time.RFC3339Nano))
	}
	if s.Digest != "" {
		e.Str("digest", s.Digest)
	}
	if s.Previous != "" {
		e.Str("previous", s.Previous)
	}
	if s.Skipped > 0 {
		e.Int("skipped", s.Skipped)
	}
	if w := s.Sweep; w != nil {
		e.Int("expiring", w.Expiring).Int("expired", w.Expired).
			Int("versions_swept", w.Versions).Int("runs_removed", w.Runs).
			Int("blobs_doomed", w.Doomed).Int("blobs_removed", w.Removed).Int64("bytes_removed", w.RemovedBytes)
	}
	if d := s.Directory; d != nil {
		e.Int("objects", d.Objects).Int("created", d.Created).Int("renamed", d.Renamed).Int("modified", d.Modified).
			Int("members_changed", d.Members).Int("removed", d.Deleted).Int("reported", d.Reported).
			Int("writes_failed", d.Failed).Int("pending", d.Pending)
	}
	if len(s.More) > 0 {
		e.Interface("more", s.More)
	}
}

// Log writes the summary as event 6871.
func (s Summary) Log(log zerolog.Logger) {
	log.Info().EmbedObject(s).Msg(s.Message)
}

// Log writes event 6873: the message was not filed for a recipient.
func (f Failure) Log(log zerolog.Logger, run string) {
	log.Warn().Int("event_id", NotFiled).Str("task_category", TaskEMail).Str("run", run).
		Str("file", f.File).Str("message_id", f.MessageID).Str("recipient", f.Recipient).
		Str("state", f.State).Str("reason", f.Reason).Str("detail", f.Detail).Str("sender", f.Sender).
		Msg("The message was not filed for this recipient.")
}

// LogFile writes event 6872: a file of a feed cannot be read or has no usable envelope.
func LogFile(log zerolog.Logger, feed, file, detail string) {
	log.Error().Int("event_id", FileFailed).Str("task_category", TaskEMail).Str("feed", feed).
		Str("file", file).Str("detail", detail).
		Msg("A file of the drop folder could not be used.")
}
