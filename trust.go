package vidgo

import "container/heap"

// callbackTrust tells whether expected callbacks do come.
type callbackTrust struct {
	misses int  // results found only by polling, in a row
	silent bool // callbacks do not come
	told   bool // the scheduler has adapted to that
}

// maxMisses is how many missing callbacks in a row are no accident any more.
const maxMisses = 3

func (c *callbackTrust) heard() { *c = callbackTrust{} }

// missed counts a callback that did not come. It tells whether it is the one
// that ends the trust.
func (c *callbackTrust) missed() bool {
	c.misses++
	first := c.misses == maxMisses
	c.silent = c.silent || first
	return first
}

// adapt makes polls of waits that run already come as if there were no
// callbacks, once it is clear that none come.
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
			heap.Fix(w.in, w.index)
		}
	})
}
