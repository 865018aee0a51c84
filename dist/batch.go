package dist

import "net"

// batch is what goes with one write.
type batch struct {
	bufs             net.Buffers
	backing          net.Buffers // the memory of bufs
	queued, streamed int         // bytes in it
	heads            [8]fragmentHead
	smallBuf         []byte   // the buffer of its small frames, to be used again
	chunks           []*chunk // those of others
	largeBuf         []byte   // the buffer of a large frame, to be used again
}

// takeSmallBuf returns the buffer of the small frames of the batch before.
func (b *batch) takeSmallBuf() []byte {
	spare := b.smallBuf
	b.smallBuf = nil
	if cap(spare) > keptBuffer {
		return nil
	}
	return spare[:0]
}

// freeChunks gives the chunks back when all is written.
func (b *batch) freeChunks() {
	for i, c := range b.chunks {
		chunks.Put(c)
		b.chunks[i] = nil
	}
	b.chunks = b.chunks[:0]
}

// removeWritten removes n bytes that were written.
func (b *batch) removeWritten(n int) {
	for n > 0 {
		first := b.bufs[0]
		if n < len(first) {
			b.bufs[0] = first[n:]
			return
		}
		n -= len(first)
		b.bufs[0] = nil
		b.bufs = b.bufs[1:]
	}
}
