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
// Any model is taken with any input, unless [Server.Models] or [Server.Check]
// says otherwise. What can be derived from a track only once is a 409 the
// second time, as at the real service: convert-to-wav, create-music-video,
// generate-music-cover, generate-persona, separate-vocals and stem-split with
// the task_id (and audio_id) of an earlier one that did not fail.
//
// # Files
//
// The files that a task announces can be fetched from the fake too: tiny real
// ones, or of any size that [Script.FileSize] names, made while they are sent.
// They know ranges and have an ETag; they come and go as the script says, or
// lie on a host that is hard to please:
//
//	srv.Default = vidgotest.Script{FileSize: 500 << 20, FilesAfter: 5 * time.Second, FileHost: vidgotest.PickyHost}
//
// A file is found by its path, below /generated/ on any host. [Server.Content]
// tells what a download of it should have brought.
//
// # Uploads
//
// The three upload endpoints take what Vidgo takes: one image, five times a
// minute ([Server.UploadRate]), and tell where it can be fetched for 72 hours.
// [Server.Uploads] tells what came. The bytes of large ones are not kept.
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
// [Server.Unused] tells which have met no request yet: a test that asserts that
// there is none knows that its faults struck.
//
// Files meet only the faults of [EndpointFile]. These are a download that
// breaks off after a MiB, one that stalls there, a file that is another one by
// now, and a host that knows neither ranges nor an ETag:
//
//	file := vidgotest.EndpointFile
//	srv.Inject(vidgotest.Fault{Endpoint: file, After: 1 << 20})
//	srv.Inject(vidgotest.Fault{Endpoint: file, After: 1 << 20, Hang: true})
//	srv.Inject(vidgotest.Fault{Endpoint: file, Changed: true, Times: -1})
//	srv.Inject(vidgotest.Fault{Endpoint: file, NoRange: true, Header: http.Header{"ETag": nil}, Times: -1})
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
// tasks that are still pending when the bubble ends. A receiver of callbacks
// that is still at work then is one: sleep for as long as it takes and call
// synctest.Wait before the end.
//
// # Logs
//
// [Server.Requests], [Server.Deliveries], [Server.Tasks] and [Server.Uploads]
// tell what was asked, what was called back and what there is.
package vidgotest
