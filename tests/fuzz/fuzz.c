/* Inputs of the fuzz targets, read from their front. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/text.h"

void must_fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

uint8_t input_byte(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

const uint8_t *input_bytes(struct input *input, size_t most, size_t *len)
{
	const uint8_t *bytes = input->at;
	size_t left = (size_t)(input->end - input->at);

	*len = left < most ? left : most;
	input->at += *len;
	return bytes;
}

char *input_text(struct input *input, const char *separator, size_t *len)
{
	size_t left = (size_t)(input->end - input->at);
	const uint8_t *end = left == 0 ? NULL : memmem(input->at, left, separator, strlen(separator));

	*len = end == NULL ? left : (size_t)(end - input->at);
	char *text = calloc(1, *len + 1);
	MUST(text != NULL);
	if (*len > 0)
		memcpy(text, input->at, *len);
	input->at += end == NULL ? left : *len + strlen(separator);
	return text;
}

const char *input_file(const void *bytes, size_t len, int *fd)
{
	static char path[64];

	*fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(*fd >= 0 && (len == 0 || write(*fd, bytes, len) == (ssize_t)len));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	return path;
}

bool is_utf8(const char *text)
{
	return text == NULL || utf8_length(text, strlen(text)) >= 0;
}
