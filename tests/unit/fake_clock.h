/*
 * A monotonic clock that the tests move themselves: a deadline that passes costs no real time, and no deadline passes because the
 * machine is slow. The linker puts it in the place of clock_gettime(), poll(), usleep() and hiredis' waiting (Makefile.am):
 *
 * - CLOCK_MONOTONIC is this clock; usleep() moves it. CLOCK_REALTIME is the real one until a test sets it.
 * - poll() with a timeout waits in real time until something comes, however long that takes. Only when the fake server at the other
 *   end has fallen silent does it move the clock by the whole timeout, at once, and return 0.
 */
#ifndef UNIT_FAKE_CLOCK_H
#define UNIT_FAKE_CLOCK_H

#include <stdint.h>

void fake_clock_advance_ms(int64_t milliseconds);

/* Sets what CLOCK_REALTIME says from now on, in microseconds since 1970. */
void fake_clock_set_now(int64_t microseconds);

/* From now on each wait that ends with something to read takes so long; 0 in the beginning. */
void fake_clock_set_cost_ms(int64_t milliseconds);

#endif
