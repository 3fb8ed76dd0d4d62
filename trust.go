package vidgo

import "container/heap"

// callbackTrust keeps track of whether expected callbacks come.
type callbackTrust struct {
	misses int  // results found only by polling, in a row
	silent bool // callbacks do not come
	told   bool // the scheduler has adapted to that
}

// maxMisses is how many missing callbacks in a row are no longer an accident.
const maxMisses = 3

func (c *callbackTrust) heard() { *c = callbackTrust{} }

// missed counts a callback that did not come, and reports whether it is the one
// that ends the trust.
func (c *callbackTrust) missed() bool {
	c.misses++
	first := c.misses == maxMisses
	c.silent = c.silent || first
	return first
}

// adapt brings the polls of existing waits forward, once it is clear that no
// callbacks come.
func (p *poller) adapt() {
	t := p.tracker
	t.mu.Lock()
	news := t.trust.silent && !t.trust.told
	t.trust.told = t.trust.silent
	t.mu.Unlock()
	if !news {
		return
	}
	due := t.now() + instant(p.polling.pause(1, nil, 0)) // the user's code
	t.forEach(func(w *wait) {
		if w.callback && w.in != nil && due < w.due {
			w.due = due
			heap.Fix(w.in, int(w.index))
		}
	})
}
