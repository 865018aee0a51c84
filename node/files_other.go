//go:build !unix

package node

import "math"

func maxFiles() int { return math.MaxInt32 }

func outOfFiles(error) bool { return false }
