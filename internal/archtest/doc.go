// Package archtest holds the tree to the rules of DESIGN.md: who may import whom, what each package may touch, and how
// large a file and a function may grow. Its test reads the sources of the whole module, so a broken rule is a failing
// test that says what is wrong, where, and why the rule is there.
//
// Only files that are no tests are held to the rules about code: a test may import what it likes.
package archtest
