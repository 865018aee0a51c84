// Package nodediag finds out why a node cannot be reached. It walks the way to it step by step, says what each step
// found, and after a failure what to change and on which side. It starts no node and listens on no port.
package nodediag
