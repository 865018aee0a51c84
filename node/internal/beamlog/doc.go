// Package beamlog sends what processes log to the logger of a BEAM node, as OTP does for processes whose group leader
// is there (logger:log_remote/2).
//
// Reports of OTP's behaviours keep the shape that they have in OTP, so the formatters of the other node show them as
// their own.
package beamlog
