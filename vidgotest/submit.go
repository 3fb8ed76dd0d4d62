package vidgotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// submission is one that passed all checks.
type submission struct {
	model       string
	callbackURL string
	input       json.RawMessage
}

// submit answers the submit endpoint.
func (s *Server) submit(v *visit) answer {
	o, refusal := s.readSubmission(v.body)
	if refusal != nil {
		return *refusal
	}
	t, refusal := s.accept(o, time.Now())
	if refusal != nil {
		return *refusal
	}
	s.noteTask(v, t.id)
	if t.script.Callback.BeforeAnswer && t.calledBack() {
		s.deliver(t, 1)
	}
	data := map[string]any{
		"task_id":      t.id,
		"status":       notStarted,
		"created_time": t.created.UTC().Format(timeLayout),
	}
	switch told := t.script.SubmitStatus; told {
	case "":
	case "-":
		delete(data, "status")
	default:
		data["status"] = told
	}
	return success(data)
}

// readSubmission checks what the service checks before it takes a task, and returns
// the answer that refuses it if a check fails.
func (s *Server) readSubmission(body []byte) (submission, *answer) {
	no := func(a answer) (submission, *answer) { return submission{}, &a }
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return no(badRequest("request body must be a JSON object"))
	}
	var o submission
	if err := json.Unmarshal(fields["model"], &o.model); err != nil || o.model == "" {
		return no(badRequest("model is required"))
	}
	o.input = fields["input"]
	switch {
	case len(o.input) == 0:
		return no(lacks("input"))
	case o.input[0] != '{':
		return no(invalid("input", "value is not a valid dict", "type_error.dict"))
	}
	if raw, ok := fields["callback_url"]; ok {
		// A null leaves the URL empty, which is none.
		if err := json.Unmarshal(raw, &o.callbackURL); err != nil {
			return no(invalid("callback_url", "str type expected", "type_error.str"))
		}
	}
	if err := s.Contract.checkURL(o.callbackURL); err != nil {
		return no(badRequest("invalid callback_url: " + err.Error()))
	}
	if refusal := s.checkModel(o); refusal != nil {
		return no(*refusal)
	}
	return o, nil
}

// checkModel returns the answer of a server that does not know the model, or
// does not like its input; or nil.
func (s *Server) checkModel(o submission) *answer {
	if s.Models != nil && !slices.Contains(s.Models, o.model) {
		a := typed(http.StatusNotFound, "resource_not_found_error", "Model not found: "+o.model)
		return &a
	}
	if s.Check == nil {
		return nil
	}
	if err := s.Check(o.model, slices.Clone(o.input)); err != nil {
		a := badRequest(err.Error())
		return &a
	}
	return nil
}

// maxCallbackURL is in characters.
const maxCallbackURL = 2048

// checkURL tells why a callback URL cannot be taken. The empty one can: it
// means that there is none.
func (c Contract) checkURL(raw string) error {
	if raw == "" {
		return nil
	}
	if utf8.RuneCountInString(raw) > maxCallbackURL {
		return fmt.Errorf("more than %d characters", maxCallbackURL)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return fmt.Errorf("not a URL")
	case u.Scheme != "https" && c != Contract2026:
		return fmt.Errorf("must use HTTPS")
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("must use HTTP or HTTPS")
	case u.Hostname() == "":
		return fmt.Errorf("no host")
	case internal(u.Hostname()):
		return fmt.Errorf("private or internal address")
	}
	return nil
}

// accept makes the task that was ordered, or returns the answer that refuses it.
func (s *Server) accept(o submission, now time.Time) (*task, *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, refusal := s.checkDerived(o, now)
	if refusal != nil {
		return nil, refusal
	}
	sc, once := s.scriptFor(o.model)
	t := &task{
		serial:      uint64(len(s.order) + 1),
		model:       o.model,
		kind:        kindOf(o.model),
		callbackURL: o.callbackURL,
		input:       o.input,
		created:     now,
		script:      sc,
	}
	t.id = taskID(now, t.serial)
	if !s.charge(t) {
		a := usual(http.StatusPaymentRequired)
		return nil, &a
	}
	if once {
		s.next = s.next[1:]
	}
	s.keep(t, source)
	s.plan(t)
	return t, nil
}

// keep lets the task be found. The caller holds s.mu, here and below.
func (s *Server) keep(t *task, source string) {
	if s.tasks == nil {
		s.tasks = make(map[string]*task)
		s.derived = make(map[string]*task)
	}
	s.tasks[t.id] = t
	s.order = append(s.order, t)
	if source != "" {
		s.derived[source] = t
	}
}

// plan arranges what the task does by itself.
func (s *Server) plan(t *task) {
	switch {
	case t.script.Callback.BeforeAnswer:
		t.end = t.scripted(t.created)
	case !t.script.Hold:
		s.schedule(t, t.script.Duration)
	}
}

func taskID(now time.Time, serial uint64) string {
	return fmt.Sprintf("task-unified-%d-%s", now.Unix(), scattered(serial))
}

// scattered are eight digits or letters that look unlike their neighbours,
// though they only count. The step has no factor in common with 36⁸, so none
// comes twice.
func scattered(serial uint64) string {
	const (
		space = 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36
		step  = 1_618_033_988_749
		start = 2_204_839_177_705
	)
	return strconv.FormatUint(space+(start+serial*step)%space, 36)[1:]
}
