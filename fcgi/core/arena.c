/* Arenas: blocks that grow by need, a list of what to release, all gone at once. */
#include "core/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 * 1024)

struct block {
	struct block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) char data[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *);
	void *object;
};

/* `first` is kept across resets; `current` is the newest block, which links back to the older ones. */
struct arena {
	struct block *current;
	struct block *first;
	struct deferred *deferred;
};

void out_of_memory(void)
{
	static const char message[] = "event=out_of_memory\n";

	fwrite(message, 1, sizeof(message) - 1, stderr);
	exit(EXIT_FAILURE);
}

static struct block *block_new(size_t size, struct block *next)
{
	struct block *block = malloc(sizeof(*block) + size);

	if (block == NULL)
		out_of_memory();
	*block = (struct block){.next = next, .size = size};
	return block;
}

struct arena *arena_new(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		out_of_memory();
	arena->current = arena->first = block_new(BLOCK_SIZE, NULL);
	return arena;
}

/* `size` bytes as they are. */
static void *take(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);

	if (size > SIZE_MAX / 2)
		out_of_memory();
	size = (size + align - 1) / align * align;
	struct block *block = arena->current;
	if (block->size - block->used < size)
		block = arena->current = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE, block);
	void *memory = block->data + block->used;
	block->used += size;
	return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(take(arena, size), 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / 2 / size)
		out_of_memory();
	return arena_alloc(arena, count * size);
}

char *arena_copy(struct arena *arena, const void *data, size_t len)
{
	char *copy = take(arena, len + 1);

	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	struct block *block = arena->current;
	va_list again;

	/* Mostly there is room where the text will be, and it is written but once. */
	va_copy(again, args);
	int len = vsnprintf(block->data + block->used, block->size - block->used, format, again);
	va_end(again);
	if (len < 0)
		out_of_memory();
	bool whole = (size_t)len < block->size - block->used;
	char *text = take(arena, (size_t)len + 1);
	if (!whole || arena->current != block)
		vsnprintf(text, (size_t)len + 1, format, args);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void arena_defer(struct arena *arena, void (*release)(void *), void *object)
{
	struct deferred *deferred = arena_alloc(arena, sizeof(*deferred));

	*deferred = (struct deferred){.next = arena->deferred, .release = release, .object = object};
	arena->deferred = deferred;
}

void arena_reset(struct arena *arena)
{
	for (struct deferred *deferred = arena->deferred; deferred != NULL; deferred = deferred->next)
		deferred->release(deferred->object);
	arena->deferred = NULL;
	while (arena->current != arena->first) {
		struct block *older = arena->current->next;
		free(arena->current);
		arena->current = older;
	}
	arena->first->used = 0;
}

void arena_free(struct arena *arena)
{
	arena_reset(arena);
	free(arena->first);
	free(arena);
}
