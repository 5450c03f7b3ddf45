/* Arenas: blocks that grow by need, a list of what to release, all gone at once. */
#include "core/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ensure.h"
#include "core/poison.h"

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

/*
 * `first` is kept across resets; `current` is the newest block, which links back to the older ones. A block's data is poisoned but
 * for the pieces in use.
 */
struct arena {
	struct block *current;
	struct block *first;
	struct deferred *deferred;
	size_t red_zone; /* poisoned bytes after each piece; 0 when nothing would see them */
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
	poison(block->data, size);
	return block;
}

struct arena *arena_new(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		out_of_memory();
	arena->current = arena->first = block_new(BLOCK_SIZE, NULL);
	arena->red_zone = poison_is_seen() ? alignof(max_align_t) : 0;
	return arena;
}

/* `size` bytes as they are. */
static void *take(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);

	if (size > SIZE_MAX / 2)
		out_of_memory();
	size_t whole = (size + arena->red_zone + align - 1) / align * align;
	struct block *block = arena->current;
	if (block->size - block->used < whole)
		block = arena->current = block_new(whole > BLOCK_SIZE ? whole : BLOCK_SIZE, block);
	void *memory = block->data + block->used;
	block->used += whole;
	ensure(block->used <= block->size);
	unpoison(memory, size);
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
	char *room = block->data + block->used;
	size_t left = block->size - block->used;
	va_list again;

	/* Mostly there is room where the text will be, and it is written but once. */
	va_copy(again, args);
	unpoison(room, left);
	int len = vsnprintf(room, left, format, again);
	poison(room, left);
	va_end(again);
	if (len < 0)
		out_of_memory();
	bool whole = (size_t)len < left;
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

	ensure(release != NULL);
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
	poison(arena->first->data, arena->first->used);
	arena->first->used = 0;
}

void arena_free(struct arena *arena)
{
	arena_reset(arena);
	free(arena->first);
	free(arena);
}
