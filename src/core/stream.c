/* stream.c: streams and events, as handles over those of a backend. The CPU has none: what is asked of it is done when the call returns. */
#include <taper/stream.h>

#include "core/op.h"

#include <math.h>

enum { DEVICES = 16 };
struct tp_stream { tp_device device; void *of; };
struct tp_event { tp_device device; bool timed; void *of; };

static __thread tp_stream *current[DEVICES];           /* NULL: the device's own */

static const tp_backend *backend_of(tp_device device, const char *op)
{
    const tp_backend *backend = device == TP_CPU || device < TP_CUDA(DEVICES) ? tp__backend(device) : NULL;
    if (!backend) tp__no_device(op, device);
    return backend;
}

/* The same for a stream, which may be NULL. */
static const tp_backend *backend_with(tp_device device, const tp_stream *stream, const char *op)
{
    const tp_backend *backend = backend_of(device, op);
    if (!backend || !stream || stream->device == device) return backend;
    tp_fail(TP_ERR_DEVICE, "%s: the stream is of %s, not of %s", op, tp_device_name(stream->device), tp_device_name(device));
    return NULL;
}

tp_stream *tp_stream_new(tp_device device)
{
    const tp_backend *backend = backend_of(device, "stream_new");
    tp_stream *stream = backend ? tp_mem_calloc(sizeof *stream) : NULL;
    if (!stream) return NULL;
    stream->device = device;
    if (!backend->stream_new || !backend->stream_new(device - TP_CUDA(0), &stream->of)) return stream;
    tp_mem_free(stream, sizeof *stream);
    return NULL;
}

void tp_stream_free(tp_stream *stream)
{
    if (!stream) return;
    if (stream->of) {
        const int index = stream->device - TP_CUDA(0);
        if (current[index] == stream) tp_stream_set(stream->device, NULL);
        tp__cuda()->stream_free(index, stream->of);
    }
    tp_mem_free(stream, sizeof *stream);
}

tp_status tp_stream_set(tp_device device, tp_stream *stream)
{
    const tp_backend *backend = backend_with(device, stream, "stream_set");
    if (tp__not_while_recording("stream_set")) return TP_ERR_STATE;
    if (!backend) return TP_ERR_DEVICE;
    if (!backend->stream_set) return TP_OK;
    backend->stream_set(device - TP_CUDA(0), stream ? stream->of : NULL);
    current[device - TP_CUDA(0)] = stream;
    return TP_OK;
}

tp_stream *tp_stream_current(tp_device device)
{
    return device >= TP_CUDA(0) && device < TP_CUDA(DEVICES) ? current[device - TP_CUDA(0)] : NULL;
}

tp_status tp_stream_synchronize(tp_device device, tp_stream *stream)
{
    const tp_backend *backend = backend_with(device, stream, "stream_synchronize");
    if (!backend) return TP_ERR_DEVICE;
    return backend->stream_synchronize ? backend->stream_synchronize(device - TP_CUDA(0), stream ? stream->of : NULL) : TP_OK;
}

bool tp_stream_is_idle(tp_device device, tp_stream *stream)
{
    const tp_backend *backend = backend_with(device, stream, "stream_is_idle");
    bool idle = true;
    if (!backend || !backend->stream_is_idle) return backend;
    return !backend->stream_is_idle(device - TP_CUDA(0), stream ? stream->of : NULL, &idle) && idle;
}

/* ---- Events --------------------------------------------------------------------------------------------------------------------------- */

tp_event *tp_event_new(tp_device device, bool timed)
{
    const tp_backend *backend = backend_of(device, "event_new");
    tp_event *event = backend ? tp_mem_calloc(sizeof *event) : NULL;
    if (!event) return NULL;
    event->device = device;
    event->timed = timed;
    if (!backend->event_new || !backend->event_new(device - TP_CUDA(0), timed, &event->of)) return event;
    tp_mem_free(event, sizeof *event);
    return NULL;
}

void tp_event_free(tp_event *event)
{
    if (!event) return;
    if (event->of) tp__cuda()->event_free(event->device - TP_CUDA(0), event->of);
    tp_mem_free(event, sizeof *event);
}

static bool is_given(const tp_event *event, const char *op)
{
    if (!event && !tp__pending_error()) tp_fail(TP_ERR_ARGUMENT, "%s: the event is NULL", op);
    return event;
}

tp_status tp_event_record(tp_event *event, tp_stream *stream)
{
    if (!is_given(event, "event_record")) return tp__pending();
    if (!event->of) return TP_OK;
    if (stream && stream->device != event->device)
        return tp_fail(TP_ERR_DEVICE, "event_record: the event is of %s, the stream of %s", tp_device_name(event->device), tp_device_name(stream->device));
    if (!stream) stream = tp_stream_current(event->device);
    return tp__cuda()->event_record(event->device - TP_CUDA(0), event->of, stream ? stream->of : NULL);
}

tp_status tp_stream_wait(tp_device device, tp_stream *stream, tp_event *event)
{
    if (!is_given(event, "stream_wait") || !backend_with(device, stream, "stream_wait")) return tp__pending();
    if (!event->of) return TP_OK;
    if (device == TP_CPU) return tp_event_synchronize(event);
    if (!stream) stream = tp_stream_current(device);
    return tp__cuda()->event_wait(device - TP_CUDA(0), event->of, stream ? stream->of : NULL);
}

tp_status tp_event_synchronize(tp_event *event)
{
    if (!is_given(event, "event_synchronize")) return tp__pending();
    return event->of ? tp__cuda()->event_synchronize(event->device - TP_CUDA(0), event->of) : TP_OK;
}

bool tp_event_is_done(tp_event *event)
{
    bool done = true;
    if (!is_given(event, "event_is_done")) return false;
    return !event->of || (!tp__cuda()->event_is_done(event->device - TP_CUDA(0), event->of, &done) && done);
}

double tp_event_elapsed(tp_event *from, tp_event *to)
{
    double milliseconds = 0;
    if (!is_given(from, "event_elapsed") || !is_given(to, "event_elapsed")) return NAN;
    if (from->device != to->device || !from->timed || !to->timed)
        return tp_fail(TP_ERR_ARGUMENT, "event_elapsed: both events must be timed and of one device"), NAN;
    if (from->of && tp__cuda()->event_elapsed(from->device - TP_CUDA(0), from->of, to->of, &milliseconds)) return NAN;
    return milliseconds;
}
