package etf

import (
	"cmp"
	"math"
	"math/big"
)

// compareNumbers compares by value: an integer and a float exactly, not by turning the integer into a float. With
// exact, an integer comes before every float, and -0.0 before 0.0.
func compareNumbers(a, b Term, exact bool) int {
	af, aIsFloat := a.(Float)
	bf, bIsFloat := b.(Float)
	switch {
	case aIsFloat && bIsFloat:
		if exact && af == 0 && bf == 0 {
			return -compareBools(math.Signbit(float64(af)), math.Signbit(float64(bf)))
		}
		return cmp.Compare(af, bf)
	case exact && aIsFloat:
		return 1
	case exact && bIsFloat:
		return -1
	case aIsFloat:
		return -compareIntFloat(b, float64(af))
	case bIsFloat:
		return compareIntFloat(a, float64(bf))
	default:
		return compareInts(a, b)
	}
}

func compareInts(a, b Term) int {
	ai, aIsInt := a.(Int)
	bi, bIsInt := b.(Int)
	if aIsInt && bIsInt {
		return cmp.Compare(ai, bi)
	}
	return bigOf(a).Cmp(bigOf(b))
}

// bigOf returns the value of an Int or a *BigInt; a nil *BigInt counts as zero.
func bigOf(t Term) *big.Int {
	switch t := t.(type) {
	case Int:
		return big.NewInt(int64(t))
	case *BigInt:
		if t != nil {
			return t.Big()
		}
	}
	return new(big.Int)
}

func compareIntFloat(a Term, f float64) int {
	if math.IsInf(f, 0) || math.IsNaN(f) { // no term, but Compare shall not panic
		return cmp.Compare(0, f)
	}
	const exactInt = 1 << 53 // up to here a float holds every integer
	if i, ok := a.(Int); ok && i >= -exactInt && i <= exactInt {
		return cmp.Compare(float64(i), f)
	}
	whole, frac := math.Modf(f)
	v, _ := big.NewFloat(whole).Int(nil)
	if c := bigOf(a).Cmp(v); c != 0 {
		return c
	}
	return cmp.Compare(0, frac)
}
