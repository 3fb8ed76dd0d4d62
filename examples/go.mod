module github.com/vidgo-go/vidgo/examples

go 1.26.0

require (
	github.com/stretchr/testify v1.12.1
	github.com/vidgo-go/vidgo v0.0.0
	github.com/vidgo-go/vidgo/models v0.0.0
)

require (
	code.dny.dev/ssrf v0.3.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace github.com/vidgo-go/vidgo => ../

replace github.com/vidgo-go/vidgo/models => ../models
