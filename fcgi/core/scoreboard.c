/* The pool's file: a head, a place for each worker, a locked byte for each place that is taken. */
#include "core/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/breaker.h"
#include "core/ensure.h"
#include "core/log.h"

#define MAGIC      "placar\n"
#define FORMAT     1
#define PAGE       4096
#define MODE       0640               /* the group reads: what shows the numbers is another user */
#define MAKING     SCOREBOARD_WORKERS /* the byte that is locked by who makes the file */
#define TRIES_MAX  100
#define PAUSE_NS   1000000
#define NEW_SUFFIX ".novo"
#define NO_BOARD   (-1)

/* Written by one process, read by all: no read-modify-write is needed, but no torn value either. */
typedef _Atomic uint64_t counter;
_Static_assert(sizeof(counter) == 8 && ATOMIC_LLONG_LOCK_FREE == 2, "a counter is eight bytes, and a plain store");

struct name {
	char method[SCOREBOARD_METHOD];
	char pattern[SCOREBOARD_PATTERN];
};

/* Two files that begin with the same bytes mean the same by all that follows. */
struct head {
	alignas(PAGE) char magic[8];
	uint32_t format;
	uint32_t places;
	uint32_t place_size;
	uint32_t route_count;
	struct name routes[SCOREBOARD_ROUTES];
	char unused[PAGE - 24 - SCOREBOARD_ROUTES * sizeof(struct name)];
};

struct asked {
	counter statuses[SCOREBOARD_STATUSES];
	counter buckets[SCOREBOARD_BUCKETS]; /* each request in one */
	counter microseconds;
};

/*
 * Starts less ends, and less one when it is taken, is how many of its owners died. So `starts` and `ends` change only under a
 * write lock, and a worker that serves has a read lock: who reads them under that, or without any, has them right.
 */
struct place {
	alignas(PAGE) counter starts;
	counter ends;
	counter pid;
	counter busy;
	counter renewals;
	counter breakers;
	struct asked routes[SCOREBOARD_ROUTES];
};

struct board {
	struct head head;
	struct place places[SCOREBOARD_WORKERS];
};
_Static_assert(sizeof(struct head) == PAGE, "the head is a page, and no place shares it");

const int scoreboard_statuses[SCOREBOARD_STATUSES] = {200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413,
                                                      414, 415, 422, 429, 431, 500, 501, 502, 503, 504, 505, 0};

const char *const scoreboard_bounds[SCOREBOARD_BUCKETS] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
                                                           "0.5",   "1",    "2.5",   "5",    "+Inf"};
static const int64_t bounds_us[SCOREBOARD_BUCKETS] = {5000,   10000,   25000,   50000,   100000,   250000,
                                                      500000, 1000000, 2500000, 5000000, INT64_MAX};

/* Of this process. Without a place its numbers go nowhere. */
static struct place nowhere;
static struct place *mine = &nowhere;
static struct board *board = MAP_FAILED;
static int board_fd = NO_BOARD;

static uint64_t load(const counter *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

static void store(counter *to, uint64_t value)
{
	atomic_store_explicit(to, value, memory_order_relaxed);
}

static void add(counter *to, uint64_t value)
{
	store(to, load(to) + value);
}

/* Locks */

static struct flock lock_of(int byte, short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
}

/* Never waits. */
static bool lock(int fd, int byte, short type)
{
	struct flock wanted = lock_of(byte, type);

	return fcntl(fd, F_OFD_SETLK, &wanted) == 0;
}

/* The lock that others have: F_UNLCK none, F_RDLCK its owner serves, F_WRLCK it is being taken or given up. */
static short lock_seen(int fd, int byte)
{
	struct flock found = lock_of(byte, F_WRLCK);

	if (fcntl(fd, F_OFD_GETLK, &found) != 0)
		return F_UNLCK;
	return found.l_type;
}

/* The file */

static struct head head_of(const struct route *routes, size_t count)
{
	struct head head = {.magic = MAGIC,
	                    .format = FORMAT,
	                    .places = SCOREBOARD_WORKERS,
	                    .place_size = sizeof(struct place),
	                    .route_count = (uint32_t)count + 1};

	ensure(count < SCOREBOARD_ROUTES);
	for (size_t i = 0; i < count; i++) {
		struct name *name = &head.routes[i + 1];
		ensure(strlen(routes[i].pattern) < sizeof(name->pattern));
		snprintf(name->method, sizeof(name->method), "%s", method_name(routes[i].method));
		snprintf(name->pattern, sizeof(name->pattern), "%s", routes[i].pattern);
	}
	return head;
}

/* Reads the head of a file that is as long as one is to be; EPROTO when it is not. */
static bool head_read(int fd, struct head *head)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return false;
	errno = EPROTO;
	return S_ISREG(status.st_mode) && status.st_size == sizeof(struct board) &&
	       pread(fd, head, sizeof(*head), 0) == sizeof(*head);
}

static bool is_ours(int fd, const struct head *head)
{
	struct head found;

	return head_read(fd, &found) && memcmp(&found, head, sizeof(found)) == 0;
}

static bool format(int fd, const struct head *head)
{
	return ftruncate(fd, sizeof(struct board)) == 0 && fchmod(fd, MODE) == 0 &&
	       pwrite(fd, head, sizeof(*head), 0) == sizeof(*head);
}

/* Puts another file in the place of one that others may have mapped: it must not change its size. */
static bool replace(const char *path, const struct head *head)
{
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s%s", path, NEW_SUFFIX) >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return false;
	}
	unlink(name);
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd < 0)
		return false;
	bool done = format(fd, head) && rename(name, path) == 0;
	close(fd);
	return done;
}

/* Makes the file that `fd` should have been, under its lock. One that another has made meanwhile is left alone. */
static bool make(int fd, const char *path, const struct head *head)
{
	struct stat opened;
	struct stat named;

	if (fstat(fd, &opened) != 0 || stat(path, &named) != 0 || opened.st_ino != named.st_ino || is_ours(fd, head))
		return true;
	return opened.st_size == 0 ? format(fd, head) : replace(path, head);
}

/* The pool's file, made when it is not there or another; -1 and errno without one. */
static int open_board(const char *path, const struct head *head)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	for (int tries = 0; tries < TRIES_MAX; tries++) {
		int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, MODE);
		if (fd < 0 || is_ours(fd, head))
			return fd;
		bool goes_on = true;
		if (lock(fd, MAKING, F_WRLCK))
			goes_on = make(fd, path, head);
		else
			nanosleep(&pause, NULL);
		int error = errno;
		close(fd);
		errno = error;
		if (!goes_on)
			return -1;
	}
	return -1;
}

/* A worker */

static void release(void)
{
	mine = &nowhere;
	if (board != MAP_FAILED)
		munmap(board, sizeof(*board));
	board = MAP_FAILED;
	if (board_fd >= 0)
		close(board_fd);
	board_fd = NO_BOARD;
}

/* Takes the first free place that there is; false when there is none, or no memory for it: a full disk would refuse it at a store. */
static bool take_place(int fd, struct board *mapped)
{
	int i = 0;

	while (i < SCOREBOARD_WORKERS && !lock(fd, i, F_WRLCK))
		i++;
	if (i == SCOREBOARD_WORKERS) {
		errno = EUSERS;
		return false;
	}
	errno = posix_fallocate(fd, (off_t)offsetof(struct board, places[i]), sizeof(struct place));
	if (errno != 0)
		return false;
	mine = &mapped->places[i];
	store(&mine->pid, (uint64_t)getpid());
	store(&mine->busy, 0);
	store(&mine->breakers, 0);
	add(&mine->starts, 1);
	return lock(fd, i, F_RDLCK);
}

void scoreboard_join(const char *path, const struct route *routes, size_t count)
{
	const struct head head = head_of(routes, count);

	if (*path == '\0')
		return;
	board_fd = open_board(path, &head);
	board = board_fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, board_fd, 0);
	if (board == MAP_FAILED || !take_place(board_fd, board)) {
		log_event(LOG_LEVEL_AVISO, "scoreboard_unavailable", "erro=%s", log_quote(strerror(errno)));
		release();
	}
}

void scoreboard_leave(bool renews)
{
	if (mine == &nowhere)
		return;
	lock(board_fd, (int)(mine - board->places), F_WRLCK);
	add(&mine->ends, 1);
	add(&mine->renewals, renews ? 1 : 0);
	release();
}

void scoreboard_busy(bool busy)
{
	store(&mine->busy, busy);
}

static size_t status_index(int status)
{
	size_t i = 0;

	while (i < SCOREBOARD_STATUSES - 1 && scoreboard_statuses[i] != status)
		i++;
	return i;
}

static size_t bucket_index(int64_t microseconds)
{
	size_t i = 0;

	while (microseconds > bounds_us[i])
		i++;
	return i;
}

void scoreboard_answered(const struct request *rq, int status, int64_t microseconds)
{
	ensure(rq->route_number < SCOREBOARD_ROUTES);
	struct asked *asked = &mine->routes[rq->route_number];

	add(&asked->statuses[status_index(status)], 1);
	add(&asked->buckets[bucket_index(microseconds)], 1);
	add(&asked->microseconds, (uint64_t)microseconds);
	store(&mine->breakers, (uint64_t)breakers_open());
}

bool scoreboard_count(struct workforce *force)
{
	*force = (struct workforce){.total = 1};
	if (mine == &nowhere)
		return false;
	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		/* One's own lock is not seen. */
		bool lives = lock_seen(board_fd, i) == F_RDLCK;
		force->total += lives;
		force->busy += lives && load(&board->places[i].busy) != 0;
	}
	return true;
}

/* A reader */

/* Reads a place into *place; whether its owner lives. It is read again when it is being taken or given up in that moment. */
static bool place_read(int fd, int i, struct place *place, bool *lives)
{
	off_t at = (off_t)offsetof(struct board, places[i]);
	struct {
		counter starts;
		counter ends;
	} before;

	for (int tries = 0; tries < TRIES_MAX; tries++) {
		if (pread(fd, &before, sizeof(before), at) != sizeof(before))
			return false;
		short seen = lock_seen(fd, i);
		*lives = seen == F_RDLCK;
		if (pread(fd, place, sizeof(*place), at) != sizeof(*place))
			return false;
		if (seen != F_WRLCK && load(&before.starts) == load(&place->starts) &&
		    load(&before.ends) == load(&place->ends))
			break;
		sched_yield();
	}
	return true;
}

static void route_add(struct scoreboard_route *sum, const struct asked *asked)
{
	uint64_t so_far = 0;

	for (size_t i = 0; i < SCOREBOARD_STATUSES; i++)
		sum->statuses[i] += load(&asked->statuses[i]);
	for (size_t i = 0; i < SCOREBOARD_BUCKETS; i++) {
		so_far += load(&asked->buckets[i]);
		sum->buckets[i] += so_far;
	}
	sum->microseconds += load(&asked->microseconds);
}

static void place_add(struct scoreboard *sum, const struct place *place, bool lives)
{
	uint64_t starts = load(&place->starts);
	uint64_t accounted = load(&place->ends) + lives;

	sum->workers += lives;
	sum->busy += lives && load(&place->busy) != 0;
	sum->breakers += lives ? (int)(load(&place->breakers) & UINT8_MAX) : 0;
	sum->starts += starts;
	sum->renewals += load(&place->renewals);
	sum->deaths += starts > accounted ? starts - accounted : 0;
	for (size_t i = 0; i < sum->route_count; i++)
		route_add(&sum->routes[i], &place->routes[i]);
}

/* Whether a name of the file is one: it is printed where a quote or a line's end would be read as more than that. */
static bool name_valid(const char *name, size_t size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-.{}";

	return memchr(name, '\0', size) != NULL && name[strspn(name, allowed)] == '\0';
}

static bool head_take(const struct head *head, struct scoreboard *sum)
{
	if (memcmp(head->magic, MAGIC, sizeof(head->magic)) != 0 || head->format != FORMAT ||
	    head->places != SCOREBOARD_WORKERS || head->place_size != sizeof(struct place) || head->route_count < 1 ||
	    head->route_count > SCOREBOARD_ROUTES)
		return false;
	sum->route_count = head->route_count;
	for (size_t i = 0; i < sum->route_count; i++) {
		const struct name *name = &head->routes[i];
		if (!name_valid(name->method, sizeof(name->method)) ||
		    !name_valid(name->pattern, sizeof(name->pattern)))
			return false;
		memcpy(sum->routes[i].method, name->method, sizeof(name->method));
		memcpy(sum->routes[i].pattern, name->pattern, sizeof(name->pattern));
	}
	return true;
}

static bool places_read(int fd, struct scoreboard *sum)
{
	struct head head;
	struct place place;
	bool lives;

	if (!head_read(fd, &head))
		return false;
	if (!head_take(&head, sum)) {
		errno = EPROTO;
		return false;
	}
	for (int i = 0; i < SCOREBOARD_WORKERS; i++) {
		if (!place_read(fd, i, &place, &lives))
			return false;
		place_add(sum, &place, lives);
	}
	return true;
}

bool scoreboard_read(const char *path, struct scoreboard *sum)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	*sum = (struct scoreboard){0};
	if (fd < 0)
		return false;
	bool whole = places_read(fd, sum);
	int error = errno;
	close(fd);
	errno = error;
	return whole;
}
