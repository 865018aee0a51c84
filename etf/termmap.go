package etf

import "iter"

// TermMap is a Go map whose keys are terms, told apart by Equal: what an ETS table of the type set, or a map of Erlang
// that changes often, is for a server in Go. Its zero value is an empty map. Keys must not be changed while they are in
// it. It may be read by several goroutines; whoever changes it has it alone.
type TermMap[V any] struct {
	n       int
	buckets map[uint64][]termEntry[V]
}

type termEntry[V any] struct {
	key   Term
	value V
}

// hashKey returns the hash of a key. It is secret: nobody outside can choose keys that collide.
func hashKey(key Term) uint64 {
	var h hasher
	return h.hash(key)
}

// Len returns the number of keys.
func (m *TermMap[V]) Len() int { return m.n }

// Get returns the value under the key; ok is false, and the value the zero one, if there is none.
func (m *TermMap[V]) Get(key Term) (value V, ok bool) {
	if m.n == 0 {
		return value, false
	}
	for _, e := range m.buckets[hashKey(key)] {
		if Equal(e.key, key) {
			return e.value, true
		}
	}
	return value, false
}

// Set puts the value under the key, in the place of the one that was there.
func (m *TermMap[V]) Set(key Term, value V) {
	if m.buckets == nil {
		m.buckets = map[uint64][]termEntry[V]{}
	}
	h := hashKey(key)
	bucket := m.buckets[h]
	for i := range bucket {
		if Equal(bucket[i].key, key) {
			bucket[i].value = value
			return
		}
	}
	m.buckets[h] = append(bucket, termEntry[V]{key, value})
	m.n++
}

// Delete takes the key out, and says whether it was there.
func (m *TermMap[V]) Delete(key Term) bool {
	if m.n == 0 {
		return false
	}
	h := hashKey(key)
	bucket := m.buckets[h]
	for i := range bucket {
		if !Equal(bucket[i].key, key) {
			continue
		}
		m.n--
		if len(bucket) == 1 {
			delete(m.buckets, h)
			return true
		}
		last := len(bucket) - 1
		bucket[i], bucket[last] = bucket[last], termEntry[V]{}
		m.buckets[h] = bucket[:last]
		return true
	}
	return false
}

// All yields the keys and their values, in no order.
func (m *TermMap[V]) All() iter.Seq2[Term, V] {
	return func(yield func(Term, V) bool) {
		for _, bucket := range m.buckets {
			for _, e := range bucket {
				if !yield(e.key, e.value) {
					return
				}
			}
		}
	}
}
