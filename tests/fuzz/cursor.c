/* Cursors: any text is refused or is exactly what cursor_encode() writes of it; any cursor comes back as it was. */
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "fuzz.h"

#define QUESTION INT64_C(4711)

static void check_text(struct arena *arena, const char *text)
{
	struct complaints complaints;
	struct cursor cursor;

	complaints_init(&complaints, arena);
	if (!cursor_read(&complaints, text, QUESTION, &cursor)) {
		MUST(complaints.count == 1);
		return;
	}
	MUST(complaints.count == 0 && cursor.question == QUESTION && cursor.total >= 0);
	MUST(strcmp(cursor_encode(arena, &cursor), text) == 0);
}

/* Texts longer than a cursor's bound are written, too, and refused when they come back. */
static void check_cursor(struct arena *arena, struct cursor *cursor, const char *const *filters)
{
	struct complaints complaints;
	struct cursor again;

	complaints_init(&complaints, arena);
	cursor->question = cursor_question(cursor->key, filters, 2);
	MUST(cursor->question >= 0);
	const char *text = cursor_encode(arena, cursor);
	MUST(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(text));
	bool read = cursor_read(&complaints, text, cursor->question, &again);
	MUST(read || strlen(text) > 2000);
	if (!read)
		return;
	MUST(strcmp(again.key, cursor->key) == 0 && strcmp(again.id, cursor->id) == 0 && again.total == cursor->total);
	MUST(!cursor_read(&complaints, text, cursor->question ^ 1, &again));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};
	struct arena *arena = arena_new();
	size_t len;
	char *text = input_text(&input, "\n--\n", &len);
	char *id = input_text(&input, "\n--\n", &len);
	struct cursor cursor = {.key = text, .id = id, .total = (int64_t)len * INT32_MAX};
	const char *const filters[] = {id, len % 2 == 0 ? NULL : text};

	check_text(arena, text);
	check_cursor(arena, &cursor, filters);
	arena_free(arena);
	free(text);
	free(id);
	return 0;
}
