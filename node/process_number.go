package node

import "github.com/gonode-otp/gonode/etf"

// pidNumber tells the processes of this node apart. ERTS up to OTP 25 has 28 bits for it, which every peer can take:
// towards OTP 23 the Id of a pid has 15 bits and its Serial 13 (NEW_PID_EXT without DFLAG_V4_NC, erl_ext_dist).
type pidNumber uint32

const (
	pidIDBits, pidSerialBits = 15, 13

	maxPid   pidNumber = 1<<(pidIDBits+pidSerialBits) - 1
	firstPid pidNumber = 2 // 0 is no process, and 1 stands for goroutines that are not processes
)

func (n pidNumber) words() (id, serial uint32) {
	return uint32(n) & (1<<pidIDBits - 1), uint32(n) >> pidIDBits
}

// numberOf returns the number of a pid of this node, or 0 if none of its pids has these words.
func numberOf(p etf.Pid) pidNumber {
	if p.ID >= 1<<pidIDBits || p.Serial >= 1<<pidSerialBits {
		return 0
	}
	return pidNumber(p.Serial<<pidIDBits | p.ID)
}

// reserveNumber returns the next number that is not in use; the first number follows the last. The caller enters a
// process under it or returns it with releaseNumber. false means that all are in use (system_limit).
// erts_ptab_new_element.
func (r *registry) reserveNumber() (pidNumber, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.pids) > int(maxPid-firstPid) {
		return 0, false
	}
	for {
		if r.last++; r.last > maxPid {
			r.last = firstPid
		}
		if _, taken := r.pids[r.last]; !taken {
			r.pids[r.last] = nil
			return r.last, true
		}
	}
}

// releaseNumber returns a number under which no process was entered.
func (r *registry) releaseNumber(number pidNumber) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pids[number] == nil {
		delete(r.pids, number)
	}
}

// pid returns the pid with a number of this node.
func (n *Node) pid(number pidNumber) etf.Pid {
	id, serial := number.words()
	return etf.Pid{Node: n.name, ID: id, Serial: serial, Creation: n.creation}
}
