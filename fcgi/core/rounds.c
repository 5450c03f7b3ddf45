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

/* Waits for a signal to stop, at most so long; shorter when it is told to open its log again. */
static bool stopped(struct rounds *rounds, int milliseconds)
{
	const struct timespec patience = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};

	if (rounds->stopping)
		return true;
	int number = sigtimedwait(&rounds->signals, NULL, &patience);
	if (number == SIGUSR1)
		log_reopen();
	rounds->stopping = number > 0 && number != SIGUSR1;
	return rounds->stopping;
}

bool rounds_stopping(struct rounds *rounds)
{
	return stopped(rounds, 0);
}

static void block_signals(struct rounds *rounds)
{
	sigemptyset(&rounds->signals);
	sigaddset(&rounds->signals, SIGTERM);
	sigaddset(&rounds->signals, SIGINT);
	sigaddset(&rounds->signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &rounds->signals, NULL);
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
