package etf

import "strconv"

// version is the first byte of a term outside of a distribution frame (External Term Format, Introduction).
const version = 131

// Tags of the External Term Format. The ones marked read are no longer written by any release from OTP 23 on, but
// stand in files, come from older nodes and C nodes, and every release still decodes them.
const (
	tagRecord         = 67  // RECORD_EXT, native records, OTP 29
	tagNewFloat       = 70  // NEW_FLOAT_EXT
	tagBitBinary      = 77  // BIT_BINARY_EXT
	tagCompressed     = 80  // compressed term, only behind the version byte
	tagAtomCacheRef   = 82  // ATOM_CACHE_REF, only in frames with an atom cache
	tagNewPid         = 88  // NEW_PID_EXT
	tagNewPort        = 89  // NEW_PORT_EXT
	tagNewerReference = 90  // NEWER_REFERENCE_EXT
	tagSmallInteger   = 97  // SMALL_INTEGER_EXT
	tagInteger        = 98  // INTEGER_EXT
	tagFloat          = 99  // FLOAT_EXT, read
	tagAtom           = 100 // ATOM_EXT, read
	tagReference      = 101 // REFERENCE_EXT, read
	tagPort           = 102 // PORT_EXT, read
	tagPid            = 103 // PID_EXT, read
	tagSmallTuple     = 104 // SMALL_TUPLE_EXT
	tagLargeTuple     = 105 // LARGE_TUPLE_EXT
	tagNil            = 106 // NIL_EXT
	tagString         = 107 // STRING_EXT
	tagList           = 108 // LIST_EXT
	tagBinary         = 109 // BINARY_EXT
	tagSmallBig       = 110 // SMALL_BIG_EXT
	tagLargeBig       = 111 // LARGE_BIG_EXT
	tagNewFun         = 112 // NEW_FUN_EXT
	tagExport         = 113 // EXPORT_EXT
	tagNewReference   = 114 // NEW_REFERENCE_EXT, read
	tagSmallAtom      = 115 // SMALL_ATOM_EXT, read
	tagMap            = 116 // MAP_EXT
	tagFun            = 117 // FUN_EXT, not decoded since OTP 23
	tagAtomUTF8       = 118 // ATOM_UTF8_EXT
	tagSmallAtomUTF8  = 119 // SMALL_ATOM_UTF8_EXT
	tagV4Port         = 120 // V4_PORT_EXT, OTP 24
	tagLocal          = 121 // LOCAL_EXT, OTP 26, readable only by the node that wrote it

	firstTag, lastTag = tagRecord, tagLocal
)

// Bounds that lie in the format or in the emulator.
const (
	maxTupleArity = 1<<24 - 1 // MAX_ARITYVAL of the emulator
	maxAtomChars  = 255       // MAX_ATOM_CHARACTERS of the emulator
	maxNewPortID  = 1<<28 - 1 // NEW_PORT_EXT: 28 significant bits
	maxStringLen  = 65535     // STRING_EXT: 16-bit length
	maxStringElem = 255       // STRING_EXT: one byte an element
	floatTextLen  = 31        // FLOAT_EXT: "%.20e", filled up with zeros
	exportedFlag  = 1         // RECORD_EXT: bit 0 of Flags
)

var tagNames = [lastTag - firstTag + 1]string{
	tagRecord - firstTag:         "RECORD_EXT",
	tagNewFloat - firstTag:       "NEW_FLOAT_EXT",
	tagBitBinary - firstTag:      "BIT_BINARY_EXT",
	tagCompressed - firstTag:     "compressed term",
	tagAtomCacheRef - firstTag:   "ATOM_CACHE_REF",
	tagNewPid - firstTag:         "NEW_PID_EXT",
	tagNewPort - firstTag:        "NEW_PORT_EXT",
	tagNewerReference - firstTag: "NEWER_REFERENCE_EXT",
	tagSmallInteger - firstTag:   "SMALL_INTEGER_EXT",
	tagInteger - firstTag:        "INTEGER_EXT",
	tagFloat - firstTag:          "FLOAT_EXT",
	tagAtom - firstTag:           "ATOM_EXT",
	tagReference - firstTag:      "REFERENCE_EXT",
	tagPort - firstTag:           "PORT_EXT",
	tagPid - firstTag:            "PID_EXT",
	tagSmallTuple - firstTag:     "SMALL_TUPLE_EXT",
	tagLargeTuple - firstTag:     "LARGE_TUPLE_EXT",
	tagNil - firstTag:            "NIL_EXT",
	tagString - firstTag:         "STRING_EXT",
	tagList - firstTag:           "LIST_EXT",
	tagBinary - firstTag:         "BINARY_EXT",
	tagSmallBig - firstTag:       "SMALL_BIG_EXT",
	tagLargeBig - firstTag:       "LARGE_BIG_EXT",
	tagNewFun - firstTag:         "NEW_FUN_EXT",
	tagExport - firstTag:         "EXPORT_EXT",
	tagNewReference - firstTag:   "NEW_REFERENCE_EXT",
	tagSmallAtom - firstTag:      "SMALL_ATOM_EXT",
	tagMap - firstTag:            "MAP_EXT",
	tagFun - firstTag:            "FUN_EXT",
	tagAtomUTF8 - firstTag:       "ATOM_UTF8_EXT",
	tagSmallAtomUTF8 - firstTag:  "SMALL_ATOM_UTF8_EXT",
	tagV4Port - firstTag:         "V4_PORT_EXT",
	tagLocal - firstTag:          "LOCAL_EXT",
}

// tagName is the name the documentation gives to tag, or its number.
func tagName(tag byte) string {
	if tag >= firstTag && tag <= lastTag && tagNames[tag-firstTag] != "" {
		return tagNames[tag-firstTag]
	}
	return "tag " + strconv.Itoa(int(tag))
}
