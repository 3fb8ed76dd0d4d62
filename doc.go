// Package vidgo is a client for the Vidgo API, which makes images, videos and
// music from prompts. Vidgo works asynchronously: a submission answers with a
// task id, and the result is there ten seconds to ten minutes later. This
// package does the loop in between, once and right.
//
// # Submit and wait
//
// [NewClient] makes a client; it reads the API key from VIDGO_API_KEY if it is
// given none. [Client.Run] submits an [Input] and waits for the result.
// [Client.Submit] and [Client.Wait] are its two halves, for when the id is to
// be stored in between:
//
//	client, err := vidgo.NewClient("")
//	task, err := client.Submit(ctx, vidgo.Untyped("sora-2", map[string]any{
//		"prompt":   "a paper boat in the rain",
//		"duration": 10,
//	}))
//	task, err = client.Wait(ctx, task.ID)
//
// [Client.Completions] waits for many tasks and yields them as they get done,
// [Client.Updates] yields every change of one, and [Client.Task] looks once.
//
// # How a wait learns of the result
//
// A wait ends with whichever comes first: Vidgo's callback, or a poll of the
// status endpoint. All waits of a client are polled by one scheduler, within
// one rate ([WithPollRate]). It asks at once, then after pauses that grow
// ([WithPolling]); rarely, if a callback is expected ([WithFallbackPolling]).
// A callback can be lost, late, repeated, reordered or forged: that costs time
// and never changes a result. The first final state of a task stands.
//
// # Callbacks
//
// [WithCallbackURL] tells Vidgo where to call, [Client.CallbackHandler] is the
// handler to mount there. Vidgo does not sign its callbacks. With
// [WithCallbackSecret] the URL carries a signed token and a delivery with a
// good one is believed; without, a delivery is only a reason to ask Vidgo.
// Callback URLs are checked before anything is sent, see [ValidateCallbackURL].
// If callbacks reach one process and waits are in another, a [Relay] wakes the
// other one; without one, it finds the result by polling.
//
// # Files
//
// [Client.Save] fetches every file of a task into a folder, whole or not at all,
// and goes on where an earlier call was cut off; [Client.Download] writes one to
// an [io.Writer]. [Client.UploadFile] and its sisters give Vidgo an image for a
// task's input. The module github.com/vidgo-go/vidgo/models has typed inputs for
// the documented models, and a check for [WithInputCheck].
//
// # Errors
//
// A failed task comes with a [TaskError]. A wait that is cut short comes with
// a [WaitError], which holds the id and the newest state, so that nothing paid
// for is lost. What Vidgo refuses is an [APIError]; what is wrong before
// anything is sent is an [InputError] or a [CallbackURLError]; a file that could
// not be fetched is a [DownloadError]. [errors.Is]
// answers the common questions: [ErrUnauthorized], [ErrInsufficientCredits],
// [ErrForbidden], [ErrNotFound], [ErrRateLimited], [ErrInvalidInput],
// [ErrModeration].
//
// A submission costs money, so it is sent again only if Vidgo provably did not
// accept it. If nobody can know, the error is an [AmbiguousSubmitError], and
// with signed callbacks [Client.WaitSubmission] finds out.
//
// # Stopping
//
// Every call ends when its context ends. There is no Close: when the last
// call has returned, nothing of the client runs.
//
// # Testing
//
// Package vidgotest is a fake Vidgo that runs in memory, also in the fake time
// of testing/synctest, and can be told everything that goes wrong in the world.
package vidgo
