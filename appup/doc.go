// Package appup reads, checks and translates the files by which OTP upgrades releases: .app, .appup, .rel and relup.
//
// ParseApp, ParseAppup, ParseRel and ParseRelup read a file. Their errors name everything that is wrong in it, by line
// and column. Check also warns of what is allowed but hardly meant. ParseInstruction reads one instruction, high-level
// or low-level, in any of its forms.
//
// Make makes the relup between releases, as systools:make_relup/4 does. Its step TranslateScripts makes one low-level
// script of the high-level scripts of the applications; Find picks the script of a version out of an .appup file.
//
// The package uses nothing but the bytes, and the Files, that it is given. Its reasons are the terms that OTP's
// systools has for them. See systools_rc.erl, systools_relup.erl and systools_make.erl of sasl.
package appup
