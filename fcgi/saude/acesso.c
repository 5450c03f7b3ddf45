/* The access log, read on by whichever worker is asked; a lock on the file that remembers keeps them apart. */
#include "saude/acesso.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/field.h"

#define CALL_MAX   (64 << 20)  /* bytes of the log a call: a fraction of a second */
#define PIECE_MAX  (128 << 10) /* bytes at once; no line is longer, since a request's header has 40 KiB at most */
#define LOCK_TRIES 20
#define LOCK_US    10000
#define ONE_IN_MAX 1000000

/* Lines */

struct word {
	const char *text;
	size_t len;
};

/* What counts of a line. */
struct pairs {
	struct word status;
	struct word pool_status;
	struct word cache;
	struct word one_in;
};

static bool is(struct word word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.text, text, word.len) == 0;
}

static bool is_number(struct word word, int64_t max, int64_t *number)
{
	char text[24];

	if (word.len >= sizeof(text))
		return false;
	memcpy(text, word.text, word.len);
	text[word.len] = '\0';
	return int_parse(text, 0, max, number);
}

/* Where what begins at `at` with a quote or a bracket ends: behind the closing one; NULL when that is missing. nginx escapes quotes within. */
static const char *closed(const char *at, const char *end)
{
	char close = *at == '[' ? ']' : '"';

	for (at++; at < end && *at != close; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at < end ? at + 1 : NULL;
}

static bool is_key(char byte)
{
	return (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* Takes the word at `at`, key=value or key="value": where it ends, NULL when it is something else. */
static const char *pair_take(const char *at, const char *end, struct pairs *pairs)
{
	struct word key = {at, 0};

	while (at < end && is_key(*at))
		at++;
	key.len = (size_t)(at - key.text);
	if (key.len == 0 || at == end || *at != '=')
		return NULL;
	struct word value = {++at, 0};
	if (at < end && *at == '"') {
		if ((at = closed(at, end)) == NULL || (at < end && *at != ' '))
			return NULL;
		value = (struct word){value.text + 1, (size_t)(at - value.text) - 2};
	} else {
		while (at < end && *at != ' ' && *at != '"')
			at++;
		if (at < end && *at == '"')
			return NULL;
		value.len = (size_t)(at - value.text);
	}
	if (is(key, "status"))
		pairs->status = value;
	else if (is(key, "pool_status"))
		pairs->pool_status = value;
	else if (is(key, "cache"))
		pairs->cache = value;
	else if (is(key, "one_in"))
		pairs->one_in = value;
	return at;
}

/* The end of a word that is no pair; NULL when it is not closed. */
static const char *word_end(const char *at, const char *end)
{
	if (*at == '"' || *at == '[')
		return closed(at, end);
	const char *blank = memchr(at, ' ', (size_t)(end - at));
	return blank == NULL ? end : blank;
}

/* The status, which follows the first word in quotes (the request), and the pairs behind the last word that is none. False: not understood. */
static bool line_read(const char *at, const char *end, struct pairs *pairs)
{
	const struct pairs none = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
	struct word status = none.status;
	int quoted = 0;

	*pairs = none;
	while (at < end) {
		if (*at == ' ') {
			at++;
			continue;
		}
		const char *next = pair_take(at, end, pairs);
		if (next == NULL) {
			*pairs = none;
			if ((next = word_end(at, end)) == NULL)
				return false;
			if (quoted == 1 && status.len == 0)
				status = (struct word){at, (size_t)(next - at)};
			quoted += *at == '"';
		}
		at = next;
	}
	if (pairs->status.len == 0)
		pairs->status = status;
	return true;
}

/* Whether a worker answered. Of several tries the last one's status counts, and 502 and 504 nginx gives to one that came to nothing. */
static bool worker_answered(struct word pool_status)
{
	for (size_t i = pool_status.len; i > 0; i--)
		if (pool_status.text[i - 1] == ' ') {
			pool_status = (struct word){pool_status.text + i, pool_status.len - i};
			break;
		}
	return pool_status.len == 3 && !is(pool_status, "502") && !is(pool_status, "504");
}

void acesso_line(const char *line, size_t len, struct acesso *acesso)
{
	static const char *const refusals[] = {[ACESSO_429] = "429", [ACESSO_503] = "503", [ACESSO_504] = "504"};
	struct pairs pairs;
	int64_t status, lines = 1;

	if (!line_read(line, line + len, &pairs) || pairs.status.len != 3 || !is_number(pairs.status, 599, &status))
		return;
	if (pairs.one_in.len > 0 && (!is_number(pairs.one_in, ONE_IN_MAX, &lines) || lines == 0))
		return;
	for (size_t i = 0; i < ACESSO_REFUSED_COUNT; i++)
		if (is(pairs.status, refusals[i]) && !worker_answered(pairs.pool_status))
			acesso->refused[i] += lines;
	if (is(pairs.cache, "HIT"))
		acesso->cache[ACESSO_HIT] += lines;
	else if (is(pairs.cache, "MISS"))
		acesso->cache[ACESSO_MISS] += lines;
	else if (pairs.cache.len > 0 && !is(pairs.cache, "-"))
		acesso->cache[ACESSO_OTHER] += lines;
}

/* Files */

/* What is remembered: how far which file was read, and what came of all of it. */
struct memory {
	uint64_t device;
	uint64_t inode; /* 0: none yet */
	int64_t offset;
	struct acesso acesso;
};

#define MEMORY_MAX 512
#define COUNT      "%18" SCNd64

/* Waits a moment for its turn. */
static bool lock(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
			return true;
		usleep(LOCK_US);
	}
	return false;
}

/* What is not as it was written is as if nothing were remembered. */
static void memory_read(int fd, struct memory *memory)
{
	char text[MEMORY_MAX + 1];
	ssize_t len = pread(fd, text, MEMORY_MAX, 0);
	struct memory found = {0};
	int64_t *refused = found.acesso.refused;
	int64_t *cache = found.acesso.cache;
	int end = 0;

	*memory = (struct memory){0};
	if (len <= 0)
		return;
	text[len] = '\0';
	/* cppcheck-suppress invalidscanf */
	int count = sscanf(text,
	                   "1 %20" SCNu64 " %20" SCNu64 " " COUNT " " COUNT " " COUNT " " COUNT " " COUNT " " COUNT
	                   " " COUNT " end%n",
	                   &found.device, &found.inode, &found.offset, &refused[ACESSO_429], &refused[ACESSO_503],
	                   &refused[ACESSO_504], &cache[ACESSO_HIT], &cache[ACESSO_MISS], &cache[ACESSO_OTHER], &end);
	if (count == 9 && end > 0 && text[end] == '\n' && found.offset >= 0)
		*memory = found;
}

static bool memory_write(int fd, const struct memory *memory)
{
	char text[MEMORY_MAX];
	const int64_t *refused = memory->acesso.refused;
	const int64_t *cache = memory->acesso.cache;
	int len = snprintf(text, sizeof(text),
	                   "1 %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
	                   " %" PRId64 " %" PRId64 " end\n",
	                   memory->device, memory->inode, memory->offset, refused[ACESSO_429], refused[ACESSO_503],
	                   refused[ACESSO_504], cache[ACESSO_HIT], cache[ACESSO_MISS], cache[ACESSO_OTHER]);

	return pwrite(fd, text, (size_t)len, 0) == len;
}

/* Counts the whole lines of a piece; how many bytes they have. A piece without an end of a line, as long as can be, is passed over. */
static size_t piece_count(const char *piece, size_t len, struct acesso *acesso)
{
	const char *at = piece;
	const char *end;

	while ((end = memchr(at, '\n', len - (size_t)(at - piece))) != NULL) {
		acesso_line(at, (size_t)(end - at), acesso);
		at = end + 1;
	}
	return at == piece && len == PIECE_MAX ? len : (size_t)(at - piece);
}

/* Reads on in a file, at most *left bytes; whether its end was reached. */
static bool file_count(int fd, struct memory *memory, size_t *left)
{
	static char piece[PIECE_MAX];

	while (*left >= PIECE_MAX) {
		ssize_t len = pread(fd, piece, PIECE_MAX, memory->offset);
		size_t taken = len <= 0 ? 0 : piece_count(piece, (size_t)len, &memory->acesso);
		if (taken == 0)
			return true;
		memory->offset += (int64_t)taken;
		*left -= taken;
	}
	return false;
}

/* Opens a log, which is a file; -1 else. *status is its state. */
static int log_open_at(int directory, const char *name, struct stat *status)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool is_remembered(const struct memory *memory, const struct stat *status)
{
	return memory->inode == status->st_ino && memory->device == status->st_dev;
}

static bool is_older(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec != other->tv_sec ? one->tv_sec < other->tv_sec : one->tv_nsec < other->tv_nsec;
}

/* A file that was chosen of those that have the log's name, with or without more behind it. */
struct choice {
	int fd; /* -1: none */
	struct stat status;
};

/* Takes the file that is remembered, whatever its name is by now; when `before` is given, instead the one that came after a file of that time. */
static void choose(struct choice *choice, int fd, const struct stat *status, const struct memory *memory,
                   const struct timespec *before)
{
	bool better = before == NULL ? is_remembered(memory, status)
	                             : is_older(before, &status->st_mtim) &&
	                                   (choice->fd < 0 || is_older(&status->st_mtim, &choice->status.st_mtim));
	int other = better ? choice->fd : fd;

	if (better)
		*choice = (struct choice){fd, *status};
	if (other >= 0)
		close(other);
}

/* Goes through the logs of a directory that begin with `name`; see choose(). */
static struct choice log_choose(int directory, const char *name, const struct memory *memory,
                                const struct timespec *before)
{
	struct choice choice = {.fd = -1};
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	struct stat status;

	if (listing == NULL) {
		if (copy >= 0)
			close(copy);
		return choice;
	}
	while ((entry = readdir(listing)) != NULL) {
		if (strncmp(entry->d_name, name, strlen(name)) != 0)
			continue;
		int fd = log_open_at(directory, entry->d_name, &status);
		if (fd >= 0)
			choose(&choice, fd, &status, memory, before);
	}
	closedir(listing);
	return choice;
}

/* Turns to a file that was not read yet. */
static void memory_turn(struct memory *memory, const struct stat *status)
{
	memory->device = status->st_dev;
	memory->inode = status->st_ino;
	memory->offset = 0;
}

/*
 * Reads the file that was read last to its end, and then each that came after it. nginx writes to a file that was renamed until it has
 * opened the new one, so an empty one is not turned to. False when there is no log.
 */
static bool logs_count(int directory, const char *name, struct memory *memory)
{
	struct choice now = log_choose(directory, name, memory, NULL);
	size_t left = CALL_MAX;

	if (now.fd < 0) {
		now.fd = log_open_at(directory, name, &now.status);
		if (now.fd < 0)
			return false;
		memory_turn(memory, &now.status);
	}
	for (;;) {
		/* One that is shorter than before was emptied. */
		if (now.status.st_size < memory->offset)
			memory->offset = 0;
		bool ended = file_count(now.fd, memory, &left);
		close(now.fd);
		if (!ended)
			return true;
		now = log_choose(directory, name, memory, &now.status.st_mtim);
		if (now.fd < 0)
			return true;
		if (is_remembered(memory, &now.status) || now.status.st_size == 0) {
			close(now.fd);
			return true;
		}
		memory_turn(memory, &now.status);
	}
}

/* Reads on in the log; false when there is none. */
static bool log_count(const char *path, struct memory *memory)
{
	const char *slash = strrchr(path, '/');
	char place[PATH_MAX];

	if (slash == NULL || (size_t)(slash - path) >= sizeof(place))
		return false;
	snprintf(place, sizeof(place), "%.*s", (int)(slash - path), path);
	int directory = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return false;
	bool found = logs_count(directory, slash + 1, memory);
	close(directory);
	return found;
}

bool acesso_read(const char *path, const char *memory_path, struct acesso *acesso)
{
	struct memory memory;
	int fd = open(memory_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	bool read = lock(fd);
	if (read) {
		memory_read(fd, &memory);
		read = log_count(path, &memory) && memory_write(fd, &memory);
	}
	close(fd);
	if (read)
		*acesso = memory.acesso;
	return read;
}
