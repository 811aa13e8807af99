package sqlcat

// hot are the queries of a settlement, prepared once for the writer.
var hot = append([]string{
	insertItem, insertOutcome, insertDocument, insertHeld, addHeldBytes, insertProcessed, selectItemsSent,
	putBlob, putPublication, deletePublication, nextNumber, selectCurrent, selectFolder,
}, hotReads...)

// hotReads are the queries that decide what becomes of a message, prepared for either.
var hotReads = []string{
	selectOutcomes, selectBlobState, selectLibrary, selectOwner, selectUserAt, selectGroupsOf,
	selectGrantsOf, selectSettings, selectHeldBytes,
}
