package library

import (
	"fmt"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

func (s Settings) isTooLarge(size int64) bool {
	limit := s.maxFileSize()
	return limit != Unlimited && size > limit
}

// tooLarge refuses a message for the size of what is named.
func tooLarge(l Library, what string, size int64) Planned {
	return Planned{
		Reason: fault.TooLarge,
		Detail: fmt.Sprintf("%s has %d bytes, and library %s takes at most %s a file: mailchute library set %s --max-file-size SIZE",
			what, size, l.Name, FormatSize(l.Settings.maxFileSize()), l.Name),
	}
}

// messageTooLarge refuses a message for its own size.
func messageTooLarge(l Library, size int64) Planned {
	return Planned{
		Reason: fault.TooLarge,
		Detail: fmt.Sprintf("the message has %d bytes, and library %s takes at most %s a message: mailchute library set %s --max-message-size SIZE",
			size, l.Name, FormatSize(l.Settings.MaxMessageSize), l.Name),
	}
}

// blockedType refuses a message for the type of one of its files; detected is that of
// its bytes.
func blockedType(l Library, part message.Part, name, detected string) Planned {
	detail := fmt.Sprintf("attachment %s (part %s) is of a type that library %s blocks", name, part.ID, l.Name)
	if detected != "" && detected != part.Type {
		detail += fmt.Sprintf("; it was sent as %s, and what is in it is %s", part.Type, detected)
	}
	return Planned{Reason: fault.BlockedType, Detail: detail}
}

// fragment refuses a piece of a message (RFC 2046 §5.2.2).
func fragment() Planned {
	return Planned{
		Reason: fault.PartialMessage,
		Detail: "the message is one piece of a larger one, which the sender's program has cut up (message/partial): " +
			"ask the sender for it in one piece, or join the pieces that held export writes",
	}
}
