package dist

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestNothingIsAllocatedForTheControlMessagesOfACall(t *testing.T) {
	for form, flags := range map[string]Flags{"default": DefaultFlags, "plain": plain} {
		for _, m := range []Message{
			&RegSend{From: pidA(1), To: "server"},
			&Send{From: pidA(1), To: pidB(2)},
			&AliasSend{From: pidA(1), Alias: refB(1, 2, 3)},
			&MonitorP{From: pidA(1), To: ByName("server"), Ref: refA(1, 2, 3)},
			&MonitorP{From: pidA(1), To: ByPid(pidB(3)), Ref: refA(1, 2, 3)},
			&DemonitorP{From: pidA(1), To: ByName("server"), Ref: refA(1, 2, 3)},
			&MonitorPExit{From: ByName("server"), To: pidB(2), Ref: refB(1, 2, 3)},
			&Link{From: pidA(1), To: pidB(2)},
			&Exit{From: pidA(1), To: pidB(2)},
		} {
			payload := payloadFor(m, etf.Atom("ok"))
			r, h, _ := receiving(t, flags, m, payload)
			require.Zero(t, testing.AllocsPerRun(200, func() { one(t, r, h) }), "receiving %T, %s", m, form)

			ofA, _ := peers(flags)
			w := &NewConn(&sink{}, ofA, Options{}).out
			require.Zero(t, testing.AllocsPerRun(200, func() {
				if err := w.queueMessage(context.Background(), m, payload, waitIfFull); err != nil {
					t.Fatal(err)
				}
				w.queue.fillBatch(&w.batch)
				w.finishBatch()
			}), "sending %T, %s", m, form)
		}
	}
}

func TestNothingIsAllocatedToSendOverTCP(t *testing.T) {
	a, _, _, _ := pair(t, DefaultFlags, Options{})
	m := &Send{From: pidA(1), To: pidB(2)}
	var payload etf.Term = etf.Tuple{etf.Atom("reply"), etf.Int(1)}
	send(t, a, m, payload)
	require.Less(t, testing.AllocsPerRun(200, func() { send(t, a, m, payload) }), 8.0, "with what the receiver keeps")
}

func TestACallCostsWhatItsTermCosts(t *testing.T) {
	m := &RegSend{From: pidA(1), To: "server"}
	r, h, _ := receiving(t, DefaultFlags, m, callTerm())
	allocs := testing.AllocsPerRun(200, func() { one(t, r, h) })
	require.LessOrEqual(t, allocs, 8.0)
}
