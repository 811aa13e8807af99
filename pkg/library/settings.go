package library

import (
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
	if s.Accept != "" {
		if _, err := ParseAccept(string(s.Accept)); err != nil {
			return err
		}
	}
	if s.Folders != "" {
		if _, err := ParseFolders(string(s.Folders)); err != nil {
			return err
		}
	}
	if s.Inline != "" {
		if _, err := ParseInline(string(s.Inline)); err != nil {
			return err
		}
	}
	if s.Versions < 0 {
		return fmt.Errorf("versions %d: use a number, or 0 to keep all", s.Versions)
	}
	if s.MaxFileSize < Unlimited {
		return fmt.Errorf("max_file_size %d: use a number of bytes, 0 for the default or -1 for no limit", s.MaxFileSize)
	}
	for _, t := range s.BlockedTypes {
		if t == "" || typeKey(t) == "" {
			return fmt.Errorf("blocked_types: %q is no file name extension: use some like exe or js", t)
		}
	}
	return nil
}

// maxFileSize returns the limit for one document in bytes, or Unlimited.
func (s Settings) maxFileSize() int64 {
	if s.MaxFileSize == 0 {
		return DefaultMaxFileSize
	}
	return s.MaxFileSize
}
