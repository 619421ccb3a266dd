package pgtest

// Started is what Need and Own do with what Start returned.
var Started = started
