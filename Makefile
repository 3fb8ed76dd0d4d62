# What people guess. Each target is one command that can be typed as well; see
# CONTRIBUTING.md.

.PHONY: all test race fuzz bench soak lint fmt tidy generate api vuln ci

all: lint test

test:
	go test work

race:
	go test -race -shuffle=on work

# One minute each: make fuzz FUZZ=FuzzToken
FUZZ ?= FuzzParseCallback
fuzz:
	go test -run '^$$' -fuzz '^$(FUZZ)$$' -fuzztime 1m .

bench:
	go test -run '^$$' -bench . -benchmem .

soak:
	go test -tags soak -run Soak -v -timeout 30m .

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet work
	GOWORK=off go build -C tools -o ../.ci/bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	.ci/bin/staticcheck ./... ./models/... ./examples/...

fmt:
	gofmt -w .

tidy:
	for module in . models examples tools; do GOWORK=off go -C $$module mod tidy; done

generate:
	go -C models generate ./...

api:
	.ci/api

vuln:
	.ci/vuln

ci:
	.ci/run
