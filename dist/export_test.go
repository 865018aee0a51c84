package dist

// Clone copies a message out of the memory of the reader.
func Clone(m Message) Message { return clone(m) }
