/* Log lines: each is composed whole and appended by one write(2), so that lines of several workers never mix. */
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"

#define LINE_BYTES   512
#define QUOTED_BYTES 204
#define QUOTED_KEPT  4

static const char *const level_names[] = {"erro", "aviso", "info", "debug"};
static char program_name[32] = "?";
static char current_request[80];
static enum log_level threshold = LOG_LEVEL_INFO;

/* The log file. `opened` identifies the file behind `descriptor`, -1 for none; no path: standard error is the log. */
static struct {
	char path[PATH_MAX];
	int descriptor;
	struct stat opened;
	bool failed; /* the last line could not be written to it, which has been reported */
} file = {.descriptor = -1};

/*
 * Whether the descriptor is still the right one. A rotation renames the file, then makes the next one: in between no file has the
 * name, and the renamed one is still the log.
 */
static bool file_current(void)
{
	struct stat named;

	if (file.descriptor < 0)
		return false;
	if (stat(file.path, &named) == 0)
		return named.st_ino == file.opened.st_ino && named.st_dev == file.opened.st_dev;
	return errno == ENOENT && fstat(file.descriptor, &named) == 0 && named.st_nlink > 0;
}

/* Opens the file that has the name now. Returns 0, or an errno. */
static int file_open(void)
{
	if (file.descriptor >= 0)
		close(file.descriptor);
	file.descriptor = open(file.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (file.descriptor < 0 || fstat(file.descriptor, &file.opened) != 0)
		return errno;
	return 0;
}

/* Appends a line to the file. Returns 0, or an errno. */
static int file_append(const char *line, size_t len)
{
	int error = file_current() ? 0 : file_open();

	if (error != 0)
		return error;
	ssize_t written = write(file.descriptor, line, len);
	if (written < 0)
		return errno;
	return (size_t)written == len ? 0 : ENOSPC;
}

static void report_failure(int error)
{
	char now[CLOCK_TEXT_MAX];

	clock_format(clock_now(), now);
	dprintf(STDERR_FILENO, "ts=%s nivel=erro programa=%s pid=%d event=log_unwritable arquivo=%s erro=%s\n", now,
	        program_name, (int)getpid(), log_quote(file.path), log_quote(strerror(error)));
}

/* A log that cannot be written must not stop the shop: the line goes to standard error then. */
static void append(const char *line, size_t len)
{
	int error = *file.path == '\0' ? EBADF : file_append(line, len);

	if (error == 0) {
		file.failed = false;
		return;
	}
	if (*file.path != '\0' && !file.failed)
		report_failure(error);
	file.failed = true;
	ssize_t written = write(STDERR_FILENO, line, len);
	(void)written;
}

void log_open(const char *program, const char *path, enum log_level level)
{
	snprintf(program_name, sizeof(program_name), "%s", program);
	threshold = level;
	snprintf(file.path, sizeof(file.path), "%s", strcmp(path, "-") == 0 ? "" : path);
	file.failed = false;
	log_reopen();
}

void log_reopen(void)
{
	if (*file.path == '\0')
		return;
	int error = file_open();
	if (error != 0 && !file.failed)
		report_failure(error);
	file.failed = error != 0;
}

const char *log_program(void)
{
	return program_name;
}

void log_request(const char *request_id)
{
	snprintf(current_request, sizeof(current_request), "%s", request_id == NULL ? "" : request_id);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	char line[LINE_BYTES];
	char now[CLOCK_TEXT_MAX];
	va_list args;

	if (level > threshold)
		return;
	clock_format(clock_now(), now);
	int len = snprintf(line, sizeof(line), "ts=%s nivel=%s programa=%s pid=%d%s%s event=%s ", now,
	                   level_names[level], program_name, (int)getpid(),
	                   *current_request == '\0' ? "" : " request_id=", current_request, event);
	if (len < 0 || (size_t)len >= sizeof(line) - 1)
		return;
	va_start(args, format);
	int more = vsnprintf(line + len, sizeof(line) - (size_t)len - 1, format, args);
	va_end(args);
	size_t end = more < 0 ? (size_t)len : (size_t)len + (size_t)more;
	if (end > sizeof(line) - 2)
		end = sizeof(line) - 2;
	line[end++] = '\n';
	append(line, end);
}

const char *log_quote(const char *text)
{
	static char kept[QUOTED_KEPT][QUOTED_BYTES];
	static unsigned turn;
	char *out = kept[turn++ % QUOTED_KEPT];
	size_t len = 0;

	out[len++] = '"';
	for (; *text != '\0' && len < QUOTED_BYTES - 4; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			out[len++] = '\\';
		out[len++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
	out[len++] = '"';
	out[len] = '\0';
	return out;
}
