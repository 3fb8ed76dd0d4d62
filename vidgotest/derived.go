package vidgotest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// derivedModels make something from a track, or from a music task, that can be
// made once. The words are those of the refusal of a second one.
var derivedModels = map[string]string{
	"convert-to-wav":       "WAV record already exists for this audio",
	"create-music-video":   "Music video already exists for this audio",
	"generate-music-cover": "Cover already exists for this task", // a 409 by the prose alone: its words are not documented
	"generate-persona":     "Persona already exists for this audio",
	"separate-vocals":      "Separation already exists for this audio",
	"stem-split":           "Stem split already exists for this audio",
}

// checkDerived returns what a derived task is made from, or the answer that it
// was made before. That one does not name the earlier task, as the real one
// does not. An earlier task that failed does not count, and an input without
// task_id is no repeat of anything. The caller holds s.mu.
func (s *Server) checkDerived(o submission, now time.Time) (source string, refusal *answer) {
	words, ok := derivedModels[o.model]
	if !ok {
		return "", nil
	}
	var in struct {
		TaskID  string `json:"task_id"`
		AudioID string `json:"audio_id"`
	}
	if err := json.Unmarshal(o.input, &in); err != nil || in.TaskID == "" {
		return "", nil // not ours to judge: see Server.Check
	}
	source = strings.Join([]string{o.model, in.TaskID, in.AudioID}, "\x00")
	before := s.derived[source]
	if before == nil {
		return source, nil
	}
	if end := before.outcome(now); end != nil && end.failed {
		return source, nil
	}
	a := typed(http.StatusConflict, "conflict_error", words)
	return "", &a
}
