package drop

// InMount lets tests read other mountinfos than the system's.
var InMount = inMount
