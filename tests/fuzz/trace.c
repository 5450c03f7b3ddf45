/* traceparent: as if none had come, or the trace id of the header and a valid header for the next service. */
#include "core/trace.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};
	size_t len;
	char *header = input_text(&input, "\n--\n", &len);
	char next[64];

	trace_begin(header);
	if (*trace_id() == '\0') {
		MUST(*trace_span_id() == '\0' && *trace_parent() == '\0');
	} else {
		MUST(strlen(header) >= 55 && memcmp(trace_parent() + 3, header + 3, 32) == 0);
		MUST(strlen(trace_parent()) == 55 && memcmp(trace_parent(), "00-", 3) == 0);
		MUST(strlen(trace_span_id()) == 16 && memcmp(trace_parent() + 36, trace_span_id(), 16) == 0);
		bool whole = strlen(trace_id()) == 32 && strspn(trace_id(), "0") < 32;
		MUST(memcmp(trace_id(), header + 3, whole ? 32 : 8) == 0 &&
		     (whole || strcmp(trace_id() + 8, "{}") == 0));
		memcpy(next, trace_parent(), 56);
		trace_begin(next);
		MUST(memcmp(trace_parent(), next, 36) == 0 && memcmp(trace_parent() + 53, next + 53, 2) == 0);
	}
	trace_end();
	free(header);
	return 0;
}
