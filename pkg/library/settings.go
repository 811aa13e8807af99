package library

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ParseAccept reads contributors or anyone.
func ParseAccept(s string) (Accept, error) {
	return oneOf("accept", s, AcceptContributors, AcceptAnyone)
}

// ParseFolders reads root, subject or sender.
func ParseFolders(s string) (Folders, error) {
	return oneOf("folders", s, FoldersRoot, FoldersSubject, FoldersSender)
}

// ParseInline reads skip or save.
func ParseInline(s string) (Inline, error) {
	return oneOf("inline", s, InlineSkip, InlineSave)
}

// ParseBlocked reads hold or skip.
func ParseBlocked(s string) (Blocked, error) {
	return oneOf("blocked", s, BlockedHold, BlockedSkip)
}

// ParseBody reads none, text or html.
func ParseBody(s string) (Body, error) {
	return oneOf("save_body", s, BodyNone, BodyText, BodyHTML)
}

// ParsePlus reads ignore or folder.
func ParsePlus(s string) (Plus, error) {
	return oneOf("plus", s, PlusIgnore, PlusFolder)
}

// ParseAutoReplies reads file or hold.
func ParseAutoReplies(s string) (AutoReplies, error) {
	return oneOf("auto_replies", s, AutoRepliesFile, AutoRepliesHold)
}

// oneOf returns the value that s spells.
func oneOf[T ~string](setting, s string, values ...T) (T, error) {
	if v := T(s); slices.Contains(values, v) {
		return v, nil
	}
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return "", fmt.Errorf("%s %q: use %s", setting, s, strings.Join(names, " or "))
}

// Check returns nil where every setting has a value that means something; a setting
// left at its zero value does. SenderTrust is not looked at: access.ParseRung reads it.
func (s Settings) Check() error {
	if err := s.checkWords(); err != nil {
		return err
	}
	if s.Versions < 0 {
		return fmt.Errorf("versions %d: use a number, or 0 to keep all", s.Versions)
	}
	if s.MaxFileSize < Unlimited {
		return fmt.Errorf("max_file_size %d: use a number of bytes, 0 for the default or -1 for no limit", s.MaxFileSize)
	}
	if s.MaxMessageSize < Unlimited {
		return fmt.Errorf("max_message_size %d: use a number of bytes, or 0 for no limit", s.MaxMessageSize)
	}
	for _, t := range s.BlockedTypes {
		ext := strings.Trim(t, "*. ")
		if typeKey(ext) == "" {
			return fmt.Errorf("blocked_types: %q is no file name extension: use some like exe or js, or %s for those that SharePoint blocks", t, PresetSharePoint)
		}
		if strings.ContainsAny(ext, ` .,;:|/\`) {
			return fmt.Errorf("blocked_types: %q would block no file: an extension is what stands behind the last dot of a name; use some like exe or js", t)
		}
	}
	if err := checkPatterns("include", s.Include); err != nil {
		return err
	}
	if err := checkPatterns("exclude", s.Exclude); err != nil {
		return err
	}
	_, err := ParseTemplate(s.NameTemplate)
	return err
}

// checkWords checks the settings that are one of several words.
func (s Settings) checkWords() error {
	return cmp.Or(
		checkWord(s.Accept, ParseAccept), checkWord(s.Folders, ParseFolders), checkWord(s.Inline, ParseInline),
		checkWord(s.Blocked, ParseBlocked), checkWord(s.SaveBody, ParseBody), checkWord(s.Plus, ParsePlus),
		checkWord(s.AutoReplies, ParseAutoReplies),
	)
}

func checkWord[T ~string](value T, parse func(string) (T, error)) error {
	if value == "" {
		return nil
	}
	_, err := parse(string(value))
	return err
}

// maxFileSize returns the limit for one document in bytes, or Unlimited.
func (s Settings) maxFileSize() int64 {
	if s.MaxFileSize == 0 {
		return DefaultMaxFileSize
	}
	return s.MaxFileSize
}
