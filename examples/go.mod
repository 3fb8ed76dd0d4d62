module github.com/vidgo-go/vidgo/examples

go 1.26.0

require github.com/vidgo-go/vidgo v0.0.0

replace github.com/vidgo-go/vidgo => ../
