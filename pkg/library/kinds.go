package library

// kind is what the first bytes of a file tell about it.
type kind struct {
	types  string // extensions of such files: where one is blocked, so is a file that hides what it is
	others string // extensions of other files that begin in the same way
}

// kinds are those that can be told for sure, by the media type that message.Sniffer has
// for them.
var kinds = map[string]kind{
	"application/vnd.microsoft.portable-executable": {types: "exe dll scr cpl com pif ocx sys", others: "drv ax acm efi mui fon pyd node"},
	"application/x-ms-shortcut":                     {types: "lnk"},
	"application/x-ms-installer":                    {types: "msi msp mst", others: "msm"},
	"application/vnd.ms-htmlhelp":                   {types: "chm its", others: "chi chq chw"},
	"application/x-os2-hlp":                         {types: "hlp"},
	"application/x-java-applet":                     {types: "class"},
	"application/x-msaccess":                        {types: "mdb mda mde mdt mdw mdz accdb accde", others: "accda accdr accdt accdw mdn ldb"},
	"application/x-sharedlib":                       {types: "so", others: "bin ko elf run o"},
	"application/vnd.debian.binary-package":         {types: "deb", others: "udeb"},
	"application/x-rpm":                             {types: "rpm"},
	"application/x-chrome-extension":                {types: "crx"},
	"application/java-archive":                      {types: "jar war ear", others: "xpi apk aar"},
	"application/vnd.android.package-archive":       {types: "apk"},

	"application/zip":                   {types: "zip", others: zipBased},
	"application/x-7z-compressed":       {types: "7z", others: "cb7"},
	"application/vnd.rar":               {types: "rar", others: "cbr"},
	"application/gzip":                  {types: "gz tgz", others: "taz gzip svgz emz wmz adz"},
	"application/x-bzip2":               {types: "bz2", others: "bz tbz tbz2"},
	"application/x-xz":                  {types: "xz", others: "txz"},
	"application/zstd":                  {types: "zst", others: "tzst"},
	"application/x-tar":                 {types: "tar", others: "ova gem"},
	"application/vnd.ms-cab-compressed": {types: "cab", others: "msu wsp"},

	"application/pdf":               {types: "pdf", others: "ai"},
	"application/onenote":           {types: "one", others: "onetoc2"},
	"application/msword":            {types: "doc dot", others: "wbk wiz"},
	"application/vnd.ms-excel":      {types: "xls xlt xla xlm", others: "xlw xlb xlc"},
	"application/vnd.ms-powerpoint": {types: "ppt pps pot ppa", others: "pwz"},
	"application/vnd.ms-publisher":  {types: "pub"},
	"application/vnd.ms-outlook":    {types: "msg", others: "oft"},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   {types: "docx docm dotx dotm"},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         {types: "xlsx xlsm xlsb xltx xltm xlam"},
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": {types: "pptx pptm potx potm ppsx ppsm ppam", others: "sldx sldm thmx"},

	"image/gif":       {types: "gif"},
	"image/jpeg":      {types: "jpg jpeg", others: "jpe jfif jif"},
	"image/png":       {types: "png"},
	"image/tiff":      {types: "tif tiff", others: "dng nef cr2 arw"},
	"video/matroska":  {types: "mkv", others: "mka mks mk3d webm"},
	"video/mp4":       {types: "mp4 m4v", others: "m4a mov 3gp 3g2 f4v"},
	"video/quicktime": {types: "mov qt", others: "mqv mp4 m4v"},
	"video/x-ms-asf":  {types: "asf wmv wma"},
	"video/x-msvideo": {types: "avi"},
	"audio/wav":       {types: "wav", others: "wave"},
}

// zipBased are the extensions of files that are zip archives, whatever else they are.
const zipBased = `docx docm dotx dotm xlsx xlsm xlsb xltx xltm xlam pptx pptm potx potm ppsx ppsm ppam sldx sldm thmx vsdx vsdm vstx
	odt ott odm ods ots odp otp odg otg odf odc odb sxw sxc sxi sxd epub kmz jar war ear apk aab ipa xpi crx nupkg vsix whl
	appx msix 3mf idml pages numbers key sketch cbz mscz air oxt dwfx xps oxps`
