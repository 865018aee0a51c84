module github.com/gonode-otp/gonode/bench/peers/ergo2

go 1.26

require github.com/ergo-services/ergo v1.999.224
