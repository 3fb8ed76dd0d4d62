// Package vidgo is a client for the Vidgo API, which makes images, videos and
// music from prompts. Vidgo works asynchronously: a submission is answered with
// a task id, and the result follows ten seconds to ten minutes later. This
// package does the waiting, by callback and by polling.
//
// # Submit and wait
//
// [NewClient] makes a client; given no API key, it reads VIDGO_API_KEY.
// [Client.Run] submits an [Input] and waits for the result. [Client.Submit] and
// [Client.Wait] are its two halves, for programs that store the id in between:
//
//	client, err := vidgo.NewClient("")
//	task, err := client.Submit(ctx, vidgo.Untyped("sora-2", map[string]any{
//		"prompt":   "a paper boat in the rain",
//		"duration": 10,
//	}))
//	task, err = client.Wait(ctx, task.ID)
//
// [Client.Completions] waits for many tasks and yields each as it completes,
// [Client.Updates] yields every change of one task, and [Client.Task] polls
// once.
//
// # How a wait learns the result
//
// A wait ends with whichever comes first: Vidgo's callback, or a poll of the
// status endpoint. One scheduler polls for all waits of a client, within one
// rate ([WithPollRate]). It polls at once, then after growing pauses
// ([WithPolling]), which are longer if a callback is expected
// ([WithFallbackPolling]). A callback that is lost, late, repeated, reordered
// or forged costs time and never changes a result. The first final state of a
// task stands.
//
// # Callbacks
//
// [WithCallbackURL] tells Vidgo where to call; [Client.CallbackHandler] is the
// handler to mount there. Vidgo does not sign its callbacks. With
// [WithCallbackSecret] the URL carries a signed token, and a delivery with a
// valid one is believed; without a secret, a delivery is only a reason to poll.
// Callback URLs are checked before anything is sent, see [ValidateCallbackURL].
// If callbacks reach one process and another waits, a [Relay] wakes the other;
// without a Relay, it finds the result by polling.
//
// # Files
//
// [Client.Save] downloads every file of a task into a folder, each whole or not
// at all, and resumes what an earlier call left unfinished; [Client.Download]
// writes one file to an [io.Writer]. [Client.Upload], [Client.UploadFile],
// [Client.UploadURL] and [Client.UploadBase64] give Vidgo an image for a task's
// input. The module github.com/vidgo-go/vidgo/models has typed inputs for the
// documented models, and a check for [WithInputCheck].
//
// # Errors
//
// A failed task comes with a [TaskError]. A wait that is cut short returns a
// [WaitError], which holds the id and the newest state, so that nothing paid
// for is lost. What Vidgo refuses is an [APIError]; what is wrong before
// anything is sent is an [InputError] or a [CallbackURLError]; a file that
// could not be downloaded is a [DownloadError]. [errors.Is] answers the common
// questions: [ErrUnauthorized], [ErrInsufficientCredits], [ErrForbidden],
// [ErrNotFound], [ErrRateLimited], [ErrInvalidInput], [ErrModeration].
//
// A submission costs money, so it is retried only if Vidgo provably did not
// accept it. If that cannot be known, the error is an [AmbiguousSubmitError],
// and with signed callbacks [Client.WaitSubmission] finds out.
//
// # Stopping
//
// Every call ends when its context ends. There is no Close: once the last call
// has returned, nothing of the client runs.
//
// # Testing
//
// Package vidgotest is a fake Vidgo that runs in memory, works in the fake time
// of testing/synctest, and can be told to fail in every way that Vidgo and the
// network do.
package vidgo
