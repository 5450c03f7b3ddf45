/* The pool's workers, counted by the locks that they hold: byte n of the socket is the place of worker n. */
#include "core/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/log.h"

#define NO_PLACE (-1)

/* Of this process; the lock of a process is its own, a child has none of it. */
static int board = -1;
static int place = NO_PLACE;
static bool serving;

static struct flock lock_of(int first, int count, short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = count};
}

void scoreboard_join(int fd)
{
	/* What the process had before execve(2) is still locked. */
	struct flock all = lock_of(0, SCOREBOARD_WORKERS, F_UNLCK);

	board = fd;
	place = NO_PLACE;
	serving = false;
	if (fcntl(fd, F_SETLK, &all) != 0) {
		log_event(LOG_LEVEL_AVISO, "scoreboard_unavailable", "erro=%s", log_quote(strerror(errno)));
		return;
	}
	for (int i = 0; i < SCOREBOARD_WORKERS && place == NO_PLACE; i++) {
		/* A write lock is given only where there is none of either kind; then it may become a read lock. */
		struct flock taken = lock_of(i, 1, F_WRLCK);
		struct flock idle = lock_of(i, 1, F_RDLCK);
		if (fcntl(fd, F_SETLK, &taken) == 0 && fcntl(fd, F_SETLK, &idle) == 0)
			place = i;
	}
	if (place == NO_PLACE)
		log_event(LOG_LEVEL_AVISO, "scoreboard_full", "places=%d", SCOREBOARD_WORKERS);
}

void scoreboard_busy(bool busy)
{
	struct flock mine = lock_of(place, 1, busy ? F_WRLCK : F_RDLCK);

	if (place == NO_PLACE || busy == serving)
		return;
	serving = busy;
	fcntl(board, F_SETLK, &mine);
}

bool scoreboard_count(struct workforce *force)
{
	*force = (struct workforce){.total = 1};
	if (place == NO_PLACE)
		return false;
	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		/* Asks what stands in the way of a write lock: another process's lock of either kind. One's own does not. */
		struct flock found = lock_of(i, 1, F_WRLCK);
		if (fcntl(board, F_GETLK, &found) != 0)
			return false;
		force->total += found.l_type != F_UNLCK;
		force->busy += found.l_type == F_WRLCK;
	}
	return true;
}
