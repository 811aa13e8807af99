// Package drop reads drop folders: the folders that MTAs write mail into, one file a
// message. The folder is the queue: files are claimed by moving them, and finished by
// removing them. All that mailchute needs lies in .mailchute inside the drop folder, on
// the same file system, so that every move is one atomic rename that replaces nothing:
//
//	.mailchute/tmp/<instance>                       a process that is starting
//	.mailchute/claimed/<instance>/<batch>/<name>    what a live process has in hand
//	.mailchute/retry/<state>/<name>                 what waits to be tried again
//	.mailchute/format/<format>                      how the folder is drained, for Write
//
// An <instance> is named by the machine's boot and a random text, and locked by its process
// for life; one whose lock can be had is dead, and its files go to retry. A <state> holds one file and names, separated by dots, when it
// is due (Unix milliseconds), how many processes died with it in hand, how often it was
// deferred for a failure of its own, how many seconds it has waited for that, and a
// random text. A <batch> is a number or, of a file that comes from retry or goes there, a
// <state>.
//
// New folders are synced before anything is moved into them. Moves and removals are not:
// after a power loss a file is under its old name or its new one. A finished one that
// comes back is found to be filed already (its item key has outcomes), a deferred one
// comes back with the counters it had before.
package drop
