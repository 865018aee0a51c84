package codechange

// BuildID shows the tests what Version is made of.
var BuildID = buildID
