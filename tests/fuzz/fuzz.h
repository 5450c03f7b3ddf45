/*
 * What the fuzz targets share: libFuzzer's entry points, an input that is read from its front, and an assertion that is never compiled
 * out. A target is a file with LLVMFuzzerTestOneInput(); tests/fuzz/replay.c is the main() of a build without libFuzzer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs one input; always returns 0. libFuzzer gives it exactly `size` bytes, so that a read past them is found. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once, before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Ends the process, and names the condition, when it is false. */
#define MUST(condition) ((condition) ? (void)0 : must_fail(__FILE__, __LINE__, #condition))
void must_fail(const char *file, int line, const char *condition) __attribute__((noreturn));

/* The bytes of an input that are still unread. */
struct input {
	const uint8_t *at;
	const uint8_t *end;
};

/* The next byte; 0 when there is none. */
uint8_t input_byte(struct input *input);

/* Up to `most` of the next bytes; *len is how many. */
const uint8_t *input_bytes(struct input *input, size_t most, size_t *len);

/* A copy of the bytes before the next `separator`, which is skipped, or of all that are left; NUL-terminated. The caller frees it. */
char *input_text(struct input *input, const char *separator, size_t *len);

/* The path of a file in memory that holds the bytes; its descriptor is the caller's to close. Valid until the next call. */
const char *input_file(const void *bytes, size_t len, int *fd);

/* Whether a text is valid UTF-8 (NULL: yes). */
bool is_utf8(const char *text);

#endif
