module github.com/gonode-otp/gonode/ergohost

go 1.26.0

require (
	ergo.services/ergo v1.999.320
	github.com/gonode-otp/gonode v0.0.0
	github.com/stretchr/testify v1.12.1
	go.uber.org/goleak v1.3.0
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

// Both count in this checkout alone; whoever requires this module says himself where ergo comes from.
replace (
	ergo.services/ergo => github.com/ergo-services/ergo v1.999.320
	github.com/gonode-otp/gonode => ../
)
