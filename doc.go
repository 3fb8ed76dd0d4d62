// Package vidgo is a client for the Vidgo API.
package vidgo
