package vidgo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Balance is what the account has left.
type Balance struct {
	Email   string
	Credits float64
}

// UnmarshalJSON reads the wire's object.
func (b *Balance) UnmarshalJSON(raw []byte) error {
	var w struct {
		Email   text   `json:"email"`
		Credits number `json:"credits_amount"`
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	*b = Balance{Email: string(w.Email), Credits: float64(w.Credits)}
	return nil
}

// Balance asks for the account's credits (GET /api/user/balance). Errors are
// [APIError]s and network errors.
func (c *Client) Balance(ctx context.Context) (*Balance, error) {
	b, err := call[Balance](ctx, c, request{method: http.MethodGet, path: "/api/user/balance"})
	if err != nil {
		return nil, fmt.Errorf("vidgo: balance: %w", err)
	}
	return &b, nil
}
