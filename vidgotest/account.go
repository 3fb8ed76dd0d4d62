package vidgotest

import (
	"slices"
	"time"
)

const startCredits = 17276

// SetCredits sets the account's balance. If it is 0 or less, every submission
// is refused with 402.
func (s *Server) SetCredits(n float64) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(now) // what was given back before now is not to be added to n
	s.opened, s.balance = true, n
}

// account answers the balance endpoint.
func (s *Server) account() answer {
	return success(map[string]any{
		"email":          "dev@example.com",
		"credits_amount": s.creditsAt(time.Now()),
	})
}

func (s *Server) creditsAt(now time.Time) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open()
	s.settle(now)
	return s.balance
}

// charge pays for t, and reports whether the account had enough. The caller
// holds s.mu, here and below.
func (s *Server) charge(t *task) bool {
	cost := t.script.Credits
	s.open()
	if s.balance <= 0 || s.balance < cost {
		s.settle(t.created)
	}
	if s.balance <= 0 || s.balance < cost {
		return false
	}
	if cost != 0 {
		s.balance -= cost
		s.unsettled = append(s.unsettled, t)
	}
	return true
}

func (s *Server) open() {
	if s.opened {
		return
	}
	s.opened, s.balance = true, s.Credits
	if s.balance == 0 {
		s.balance = startCredits
	}
}

// settle gives back what failed tasks had cost. It is done when someone looks
// at the balance, because nothing else tells when a task fails.
func (s *Server) settle(now time.Time) {
	s.unsettled = slices.DeleteFunc(s.unsettled, func(t *task) bool {
		end := t.outcome(now)
		if end != nil && end.failed {
			s.balance += t.script.Credits
		}
		return end != nil
	})
}
