package drop

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// onDisk returns the file system that a path without links leads to, and the path there;
// "" where the system does not say.
func onDisk(path string) (disk, inDisk string) {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_MNT_ID, &st)
	if err != nil || st.Mask&unix.STATX_MNT_ID == 0 { // Linux 5.8
		return "", ""
	}
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", ""
	}
	defer mounts.Close()
	return inMount(mounts, strconv.FormatUint(st.Mnt_id, 10), path)
}

// inMount finds a path in the mount with this number, by proc_pid_mountinfo(5). A bind
// mount shows a folder of a file system at another path.
func inMount(mounts io.Reader, id, path string) (disk, inDisk string) {
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || fields[0] != id {
			continue
		}
		root, point := unescapeMount.Replace(fields[3]), unescapeMount.Replace(fields[4])
		if !isUnder(path, point) {
			return "", ""
		}
		return fields[2], filepath.Join(root, strings.TrimPrefix(path, point))
	}
	return "", ""
}

var unescapeMount = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
