package vidgo

import (
	"fmt"
	"net/url"
	"strings"
)

// checkPublicURL checks a URL from which Vidgo or this program is to download.
func checkPublicURL(raw string, schemes ...string) error {
	fault := func(reason string) error {
		return &InputError{Field: "URL", Reason: fmt.Sprintf("%s: %s", printableURL(raw), reason)}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return fault("it is not a URL; want one like https://host/path")
	}
	if !containsFold(schemes, u.Scheme) {
		return fault("its scheme is not " + strings.Join(schemes, " or "))
	}
	if u.User != nil {
		return fault("it has user information before an @")
	}
	if _, err := checkCallbackHost(u); err != nil {
		return fault(err.Error())
	}
	return nil
}

func containsFold(all []string, s string) bool {
	for _, one := range all {
		if strings.EqualFold(one, s) {
			return true
		}
	}
	return false
}
