/*
 * A program that is no worker: it looks at intervals, does what there is to do, and ends between two steps when it is told to.
 */
#ifndef CORE_ROUNDS_H
#define CORE_ROUNDS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/program.h"

struct rounds {
	struct stores stores;
	struct arena *arena; /* of the round in hand */
	uint64_t number;     /* of the round in hand, from 1 */
	sigset_t signals;
	bool stopping;
};

/* What happens in a round. */
typedef void rounds_look(struct rounds *rounds, void *context);

/*
 * Runs the program as program_main() says: look() at once and then every `intervalo_ms` until SIGTERM or SIGINT; SIGUSR1 only
 * opens the log again. Signals are
 * blocked but between rounds and in rounds_stopping(), so no step is interrupted. Returns the exit status.
 */
int rounds_main(int argc, char **argv, const struct program *program, rounds_look *look, void *context);

/* Whether it has been told to stop: a long round asks between two things that it does. */
bool rounds_stopping(struct rounds *rounds);

#endif
