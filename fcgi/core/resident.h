/*
 * How much memory this process has resident now. getrusage(2) has only the peak of its life, which survives execve(2): a worker that
 * was large once would be so for ever.
 */
#ifndef CORE_RESIDENT_H
#define CORE_RESIDENT_H

#include <stdint.h>

/* KiB, from the kernel (/proc/self/statm, less than a microsecond a call); -1 when it does not say, which is logged once. */
int64_t resident_kib(void);

#endif
