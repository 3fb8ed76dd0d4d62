package vidgo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Balance is the account's balance.
type Balance struct {
	Email   string
	Credits float64
}

func decodeBalance(raw []byte) (*Balance, error) {
	if !isObject(raw) {
		return nil, errNoObject
	}
	var b Balance
	told := false
	for key, value := range members(raw) {
		switch string(key) {
		case "email":
			b.Email = textOf(value)
		case "credits_amount":
			b.Credits, told = numberOf(value), present(value)
		}
	}
	if !told {
		return nil, errors.New("it has no credits_amount")
	}
	return &b, nil
}

// Balance returns the account's balance (GET /api/user/balance). The error is
// an [APIError], a network error, or the cause of ctx.
func (c *Client) Balance(ctx context.Context) (*Balance, error) {
	b, err := call(ctx, c, request{method: http.MethodGet, path: "/api/user/balance"}, decodeBalance)
	if err != nil {
		return nil, fmt.Errorf("vidgo: balance: %w", err)
	}
	return b, nil
}
