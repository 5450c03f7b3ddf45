/* Round after round, until told to stop. */
#include "core/rounds.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"

struct work {
	const struct program *program;
	rounds_look *look;
	void *context;
};

/* Waits for a signal to stop, at most so long. */
static bool stopped(struct rounds *rounds, int milliseconds)
{
	const struct timespec patience = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};

	if (!rounds->stopping)
		rounds->stopping = sigtimedwait(&rounds->stop_signals, NULL, &patience) > 0;
	return rounds->stopping;
}

bool rounds_stopping(struct rounds *rounds)
{
	return stopped(rounds, 0);
}

static void block_signals(struct rounds *rounds)
{
	sigemptyset(&rounds->stop_signals);
	sigaddset(&rounds->stop_signals, SIGTERM);
	sigaddset(&rounds->stop_signals, SIGINT);
	sigprocmask(SIG_BLOCK, &rounds->stop_signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run(const void *context)
{
	const struct work *work = context;
	struct rounds rounds = {.stores = program_open(work->program), .arena = arena_new()};

	block_signals(&rounds);
	log_event(LOG_LEVEL_INFO, "start", "intervalo_ms=%d paciencia_ms=%d", program_settings()->intervalo_ms,
	          program_settings()->paciencia_ms);
	do {
		rounds.number++;
		work->look(&rounds, work->context);
		arena_reset(rounds.arena);
	} while (!stopped(&rounds, program_settings()->intervalo_ms));
	log_event(LOG_LEVEL_INFO, "stop", "pid=%d", (int)getpid());
	arena_free(rounds.arena);
	program_close(&rounds.stores);
	return EXIT_SUCCESS;
}

int rounds_main(int argc, char **argv, const struct program *program, rounds_look *look, void *context)
{
	const struct work work = {program, look, context};

	return program_main(argc, argv, program, run, &work);
}
