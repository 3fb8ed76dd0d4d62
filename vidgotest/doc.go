// Package vidgotest is a fake of the Vidgo API for tests. It speaks what the
// real service speaks on the wire, and everything that happens behind it can
// be told: how long a task takes, how it ends, what breaks on the way, and
// what becomes of its callback.
//
// # In memory
//
// The zero [Server] is ready to use, and [Server.Client] reaches it without a
// socket:
//
//	var srv vidgotest.Server
//	client := srv.Client() // an *http.Client for any base URL
//
// Whatever host a request names, it reaches the fake; so the code under test
// keeps its usual base URL and no request can leave the process.
//
// # On a socket
//
// A Server is an [http.Handler] as well:
//
//	ts := httptest.NewServer(&srv)
//	defer ts.Close()
//
// # Scripts
//
// Without a script a task is finished at once, with one file of the kind that
// its model makes. A [Script] says otherwise, for all tasks of a model
// ([Server.Script]), for the submissions to come ([Server.Next]), or for all
// the rest ([Server.Default]):
//
//	srv.Script("sora-2", vidgotest.Script{Duration: 90 * time.Second, Progress: []float64{0, 40, 80}})
//	srv.Next(vidgotest.Script{Error: "content policy violation"})
//
// A task with Hold set waits for [Server.Finish] or [Server.Fail].
//
// The files it announces can be fetched from it too: a GET of any path below
// /generated/ that ends in .png, .mp4, .mp3 or .wav answers with a tiny real
// file of that kind.
//
// # Faults
//
// A [Fault] breaks one request, several, or all until [Server.Clear]:
//
//	srv.Inject(
//		vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Reset: true}, // taken, but the answer is lost
//		vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 429, RetryAfter: "3", Times: 2},
//		vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 502, Body: vidgotest.HTML(502)},
//	)
//
// # Callbacks
//
// [Server.Route] names the handler behind a public host name, so that a
// callback URL which the real service would accept needs no public host:
//
//	srv.Route("hooks.example.com", handler)
//
// The fake delivers and redelivers by the [Contract] it is set to.
// [Script.Callback] drops, delays, repeats or hastens a delivery;
// [Server.SendCallback] and [Server.Post] send what the script does not: a
// duplicate, a late one, a forgery.
//
// # Time
//
// The fake has no clock of its own: it asks [time.Now] and sets timers. Inside
// a [testing/synctest] bubble hours pass in microseconds and every moment is
// exact. Make the Server and its clients inside the bubble, and use the client
// in memory there: a socket stops fake time. No goroutine is left behind by
// tasks that are still pending when the bubble ends.
//
// # Logs
//
// [Server.Requests], [Server.Deliveries] and [Server.Tasks] tell what was
// asked, what was called back and what there is.
package vidgotest
