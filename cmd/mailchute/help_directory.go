package main

import _ "embed"

// directoryPage is the help of the command directory: how publishing is set up, and what it
// does. It names settings as securityPage does.
//
//go:embed directory.txt
var directoryPage string
