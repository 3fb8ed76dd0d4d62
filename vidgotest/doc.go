// Package vidgotest is a fake Vidgo API for tests. It speaks the wire format of
// the real service, and a test decides what happens: how long a task takes, how
// it ends, what breaks on the way, and what becomes of its callback.
//
// # In memory
//
// The zero [Server] is ready to use, and [Server.Client] reaches it without a
// socket:
//
//	var srv vidgotest.Server
//	client := srv.Client() // an *http.Client for any base URL
//
// A request reaches the fake whatever host it names, so the code under test
// keeps its usual base URL, and no request can leave the process.
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
// By default a task is finished at once, with one file of the kind that its
// model makes. A [Script] changes that for all tasks of a model
// ([Server.Script]), for the next submissions ([Server.Next]), or for all
// others ([Server.Default]):
//
//	srv.Script("sora-2", vidgotest.Script{Duration: 90 * time.Second, Progress: []float64{0, 40, 80}})
//	srv.Next(vidgotest.Script{Error: "content policy violation"})
//
// A task with Hold set waits for [Server.Finish] or [Server.Fail].
//
// Any model is accepted with any input, unless [Server.Models] or
// [Server.Check] is set. As at the real service, some things can be made from a
// track only once: a second convert-to-wav, create-music-video,
// generate-music-cover, generate-persona, separate-vocals or stem-split with
// the same task_id (and audio_id) is a 409, unless the first one failed.
//
// # Files
//
// The fake also serves the files of a finished task: tiny real ones, or files
// of the size that [Script.FileSize] sets, generated while they are sent. They
// support ranges and have an ETag. A script can make them appear late, expire,
// or lie on a host that refuses common clients:
//
//	srv.Default = vidgotest.Script{FileSize: 500 << 20, FilesAfter: 5 * time.Second, FileHost: vidgotest.PickyHost}
//
// A file is found by its path, below /generated/ on any host. [Server.Content]
// returns what a download of it should yield.
//
// # Uploads
//
// The three upload endpoints accept what Vidgo accepts: one image, five times a
// minute ([Server.UploadRate]), and answer with its URL, which is good for 72
// hours. [Server.Uploads] returns what was uploaded. The bytes of images above
// 1 MiB are not kept.
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
// [Server.Unused] returns the faults that have met no request yet. A test that
// requires that to be empty knows that all its faults struck.
//
// Requests for files meet only faults of [EndpointFile]. These are a download
// that breaks off after a MiB, one that stalls there, a file that has changed,
// and a host that supports neither ranges nor ETags:
//
//	file := vidgotest.EndpointFile
//	srv.Inject(vidgotest.Fault{Endpoint: file, After: 1 << 20})
//	srv.Inject(vidgotest.Fault{Endpoint: file, After: 1 << 20, Hang: true})
//	srv.Inject(vidgotest.Fault{Endpoint: file, Changed: true, Times: -1})
//	srv.Inject(vidgotest.Fault{Endpoint: file, NoRange: true, Header: http.Header{"ETag": nil}, Times: -1})
//
// # Callbacks
//
// [Server.Route] connects a public host name to a handler, so that a callback
// URL which the real service would accept needs no public host:
//
//	srv.Route("hooks.example.com", handler)
//
// The fake delivers and redelivers callbacks by its [Contract].
// [Script.Callback] can drop, delay, repeat or hasten the delivery;
// [Server.SendCallback] and [Server.Post] send further ones: a duplicate, a
// late one, a forgery.
//
// # Time
//
// The fake uses package time, so inside a [testing/synctest] bubble hours pass
// in microseconds and all times are exact. Make the Server and its clients
// inside the bubble, and use [Server.Client] there: a socket stops fake time.
// Tasks that are pending when the bubble ends leave no goroutine behind, but a
// receiver of callbacks that is still running does: sleep for as long as it
// takes and call synctest.Wait before the bubble ends.
//
// # Logs
//
// [Server.Requests], [Server.Deliveries], [Server.Tasks] and [Server.Uploads]
// return what the fake was sent, what it delivered, and what it holds.
package vidgotest
