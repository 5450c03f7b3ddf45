/*
 * Memory that lives as long as one request.
 *
 * Everything a handler allocates comes from its request's arena and is freed at once when the request ends, together with
 * what was deferred (query results, parsed JSON). AddressSanitizer and valgrind are told: they find a read after the request has
 * ended, and a read or write past a piece. Running out of memory ends the worker: it is one request's process, the
 * supervisor starts another, and no caller needs a branch that no test could reach.
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* Says so on standard error and ends the process. */
void out_of_memory(void) __attribute__((noreturn));

/* A new, empty arena; free it with arena_free(). Ends the process when memory is out. */
struct arena *arena_new(void);

/* `size` zeroed bytes, aligned for any type, owned by the arena. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));

/* A zeroed array of `count` elements; a product that overflows ends the process. Never NULL. */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy of `len` bytes with a NUL after them. Never NULL. */
char *arena_copy(struct arena *arena, const void *data, size_t len) __attribute__((returns_nonnull));

/* A formatted text, as printf(3). Never NULL. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3), returns_nonnull));

/* As arena_printf(), with the arguments as vprintf(3) takes them. Never NULL. */
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0), returns_nonnull));

/* Calls `release(object)` when the arena is reset or freed, last deferred first. */
void arena_defer(struct arena *arena, void (*release)(void *), void *object);

/* Runs what was deferred and frees every allocation but the first block, which the next request uses again. */
void arena_reset(struct arena *arena);

/* Resets the arena and frees it. */
void arena_free(struct arena *arena);

#endif
