package genserv

import "slices"

// SignalOption is an option of a signal, or of what makes a process get one.
type SignalOption uint8

// Priority makes a message come before all messages in the mailbox of its receiver that have no priority. It takes
// both sides: TrySend or Exit with Priority, to an Alias that its owner made with Priority. Monitor and Link with
// Priority ask for it themselves. Nodes before OTP 28 send such messages without it. EEP 76, Priority Messages.
const Priority SignalOption = 1

func hasPriority(options []SignalOption) bool { return slices.Contains(options, Priority) }
