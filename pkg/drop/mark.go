package drop

import (
	"errors"
	"io/fs"
	"slices"

	"mailchute/pkg/durable"
)

// markDir holds an empty folder named like the format that the drop folder is drained in,
// for those who write into it. After a crash while the format changed it holds both.
const markDir = ownDir + "/format"

// mark says in markDir which format this process drains the folder in.
func (f *Folder) mark() error {
	name := f.o.Format.Name
	marks, err := marksOf(f.fs)
	if err != nil {
		return err
	}
	if len(marks) == 1 && marks[0] == name {
		return nil
	}
	for _, dir := range []string{markDir, markDir + "/" + name} {
		if _, err := makeFolder(f.fs, dir, 0o700); err != nil {
			return err
		}
	}
	for _, other := range marks {
		if other == name {
			continue
		}
		if err := removeIfThere(f.fs, markDir+"/"+other); err != nil {
			return err
		}
	}
	return errors.Join(f.fs.SyncDir(markDir), f.fs.SyncDir(ownDir))
}

// drainedOtherwise returns the format that a folder is drained in where that is not name;
// "" where it is, where nobody has said so, and where it is said to its owner only.
func drainedOtherwise(fsys durable.FS, name string) (string, error) {
	marks, err := marksOf(fsys)
	if errors.Is(err, fs.ErrPermission) {
		return "", nil
	}
	if err != nil || len(marks) == 0 || slices.Contains(marks, name) {
		return "", err
	}
	return marks[0], nil
}

// marksOf returns the names in markDir: one, but for a crash.
func marksOf(fsys durable.FS) (names []string, err error) {
	for entry, err := range fsys.List(markDir) {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, entry.Name())
	}
	return names, nil
}
