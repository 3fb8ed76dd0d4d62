package music

import "encoding/json"

// The results here come as JSON in a string, inside a member that their page
// names. They marshal flat, and read both back.

// Vocals is a track taken apart in two. A URL may be empty.
type Vocals struct {
	VocalURL        string `json:"vocal_url"`
	InstrumentalURL string `json:"instrumental_url"`
}

// UnmarshalJSON reads the two parts leniently. An older page of separate-vocals
// calls the member that holds them vocal_removal.
func (v *Vocals) UnmarshalJSON(raw []byte) error {
	m, err := readInner(raw, "separate_vocals", "vocal_removal")
	*v = Vocals{VocalURL: m.text("vocal_url"), InstrumentalURL: m.text("instrumental_url")}
	return err
}

// VocalRemoval is uploaded audio taken apart. Each is a URL, and may be empty.
type VocalRemoval struct {
	Vocals string `json:"vocals"`
	Bass   string `json:"bass"`
	Drums  string `json:"drums"`
	Guitar string `json:"guitar"`
	Piano  string `json:"piano"`
	Other  string `json:"other"`
}

// UnmarshalJSON reads the parts leniently.
func (v *VocalRemoval) UnmarshalJSON(raw []byte) error {
	m, err := readInner(raw, "vocal_removal")
	*v = VocalRemoval{
		Vocals: m.text("vocals"), Bass: m.text("bass"), Drums: m.text("drums"),
		Guitar: m.text("guitar"), Piano: m.text("piano"), Other: m.text("other"),
	}
	return err
}

// Stems is a track split into its instruments. A URL is empty where the track
// has none.
type Stems struct {
	VocalURL         string `json:"vocal_url"`
	BackingVocalsURL string `json:"backing_vocals_url"`
	BassURL          string `json:"bass_url"`
	BrassURL         string `json:"brass_url"`
	DrumsURL         string `json:"drums_url"`
	FXURL            string `json:"fx_url"`
	GuitarURL        string `json:"guitar_url"`
	KeyboardURL      string `json:"keyboard_url"`
	PercussionURL    string `json:"percussion_url"`
	PianoURL         string `json:"piano_url,omitzero"` // only on an older page
	StringsURL       string `json:"strings_url"`
	SynthURL         string `json:"synth_url"`
	WoodwindsURL     string `json:"woodwinds_url"`
}

// UnmarshalJSON reads the stems leniently. An older page of stem-split calls
// the member that holds them vocal_removal.
func (s *Stems) UnmarshalJSON(raw []byte) error {
	m, err := readInner(raw, "stem_split", "vocal_removal")
	*s = Stems{
		VocalURL: m.text("vocal_url"), BackingVocalsURL: m.text("backing_vocals_url"),
		BassURL: m.text("bass_url"), BrassURL: m.text("brass_url"), DrumsURL: m.text("drums_url"),
		FXURL: m.text("fx_url"), GuitarURL: m.text("guitar_url"), KeyboardURL: m.text("keyboard_url"),
		PercussionURL: m.text("percussion_url"), PianoURL: m.text("piano_url"), StringsURL: m.text("strings_url"),
		SynthURL: m.text("synth_url"), WoodwindsURL: m.text("woodwinds_url"),
	}
	return err
}

// Cover holds the cover images of a track.
type Cover struct {
	Images []CoverImage `json:"generate_cover"`
}

// CoverImage is one of them.
type CoverImage struct {
	URL  string `json:"file_url"`
	Type string `json:"file_type"` // "image"
}

// UnmarshalJSON reads an image leniently.
func (c *CoverImage) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*c = CoverImage{URL: m.text("file_url"), Type: m.text("file_type")}
	return err
}

// UnmarshalJSON reads covers leniently. An older page shows one image_url in
// place of the list.
func (c *Cover) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*c = Cover{}
	var items []json.RawMessage
	if json.Unmarshal(m.inner("generate_cover"), &items) != nil { // is no list: what it holds is lost, and nothing else
		items = nil
	}
	for _, item := range items {
		var image CoverImage
		if image.UnmarshalJSON(item) == nil && image.URL != "" {
			c.Images = append(c.Images, image)
		}
	}
	if url := m.text("image_url"); len(c.Images) == 0 && url != "" {
		c.Images = []CoverImage{{URL: url, Type: "image"}}
	}
	return err
}
