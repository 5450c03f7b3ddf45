/*
 * The trace that the request in hand is a part of (https://www.w3.org/TR/trace-context/): one trace id for all services, a span id for
 * each. There is one only when the client began it: X-Request-Id already ties our logs together. tracestate is not passed on, since no
 * service reads it. A worker has one request at a time, so there is one trace in a process.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

/* Takes the header `traceparent` of a request that begins, with a new span id for this service; none when it is NULL or not valid. */
void trace_begin(const char *traceparent);
void trace_end(void);

/*
 * The ids as logs may hold them, in lower-case hexadecimal digits; "" without a trace. Of a trace id that has the shape of our own ids, UUIDs
 * of version 4, there are eight digits and "{}": it may be one, and those are keys.
 */
const char *trace_id(void);
const char *trace_span_id(void);

/* The `traceparent` of a call to another service: the same trace, with our span as its parent; "" without a trace. */
const char *trace_parent(void);

#endif
