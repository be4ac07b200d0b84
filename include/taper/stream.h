/* stream.h: streams and events, for programs that let a device do several things at once.
 *
 * A device does what it is asked in the order of a stream: by default its own. Each thread has a current stream per device, on which its
 * ops run. Work of two streams is in no order but what events give it: memory may be freed at any time, since it is used again only when
 * all streams that ops used it on are done with it; but who reads on one stream what another writes must wait for an event.
 * On the CPU there is one stream, which is always idle: the same program runs there. */
#ifndef TAPER_STREAM_H
#define TAPER_STREAM_H

#include <taper/core.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_stream tp_stream;
typedef struct tp_event tp_event;

/* Where a stream may be NULL it is the device's own in tp_stream_set, tp_stream_synchronize and tp_stream_is_idle, and the thread's
 * current one in tp_event_record and tp_stream_wait. */
TP_API tp_stream *tp_stream_new(tp_device device);     /* the caller's, until tp_stream_free. NULL: TP_ERR_DEVICE, TP_ERR_MEMORY */
TP_API void tp_stream_free(tp_stream *stream);         /* no other thread has it as its current one. Its work goes on; NULL is fine */
TP_API tp_status tp_stream_set(tp_device device, tp_stream *stream);     /* current, for this thread */
TP_API tp_stream *tp_stream_current(tp_device device); /* of this thread; NULL: the device's own */
/* Waits until all that the stream was asked is done. An error that a kernel met in the data, as a bad index, is returned. */
TP_API tp_status tp_stream_synchronize(tp_device device, tp_stream *stream);
TP_API bool tp_stream_is_idle(tp_device device, tp_stream *stream);      /* is all done that it was asked? Does not wait; false on error */
/* What the stream is asked from now on waits for the event, which may be another device's; if it was never recorded, for nothing. */
TP_API tp_status tp_stream_wait(tp_device device, tp_stream *stream, tp_event *event);

TP_API tp_event *tp_event_new(tp_device device, bool timed);   /* the caller's, until tp_event_free. NULL: TP_ERR_DEVICE, TP_ERR_MEMORY */
TP_API void tp_event_free(tp_event *event);
TP_API tp_status tp_event_record(tp_event *event, tp_stream *stream);    /* done when all is done that the stream was asked so far */
TP_API tp_status tp_event_synchronize(tp_event *event);        /* waits for it; errors as of tp_stream_synchronize */
/* Is all done that the stream had been asked when the event was recorded? Does not wait. True on the CPU; false on error, TP_ERR_ARGUMENT for
 * NULL. */
TP_API bool tp_event_is_done(tp_event *event);
TP_API double tp_event_elapsed(tp_event *from, tp_event *to);  /* milliseconds between two timed events that are done; NaN on error */

#ifdef __cplusplus
}
#endif

#endif
