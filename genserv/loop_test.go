package genserv_test

import (
	"testing"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

type counter struct{}

func (counter) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (counter) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Int(n), n+1)
}

func TestX(t *testing.T) {
	_ = genserv.Of(counter{})
}
