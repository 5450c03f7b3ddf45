/*
 * Tells AddressSanitizer and valgrind which memory of a larger block may be touched: they know only what malloc(3) gave. In a build
 * with neither, these are nothing.
 */
#ifndef CORE_POISON_H
#define CORE_POISON_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POISON_ASAN 1
#endif

#ifdef POISON_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size)   ((void)(memory), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#endif

#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND                      0
#define VALGRIND_COUNT_ERRORS                    0
#define VALGRIND_MAKE_MEM_NOACCESS(memory, size) ((void)(memory), (void)(size))
#define VALGRIND_MAKE_MEM_DEFINED(memory, size)  ((void)(memory), (void)(size))
#endif

/* Whether one of the two watches this process. */
static inline bool poison_is_seen(void)
{
#ifdef POISON_ASAN
	return true;
#else
	return RUNNING_ON_VALGRIND != 0;
#endif
}

/* From here on a read or a write of these bytes is an error. `memory` is aligned to 8 bytes, what AddressSanitizer can tell apart. */
static inline void poison(const void *memory, size_t size)
{
	ASAN_POISON_MEMORY_REGION(memory, size);
	VALGRIND_MAKE_MEM_NOACCESS(memory, size);
}

/* These bytes, and not those after them, are to be used; aligned as above. */
static inline void unpoison(const void *memory, size_t size)
{
	ASAN_UNPOISON_MEMORY_REGION(memory, size);
	VALGRIND_MAKE_MEM_DEFINED(memory, size);
}

#endif
