/* Log lines: built whole, written by one write(2) in append mode, so that lines of several workers never mix. */
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

#define LINE_BYTES   2048
#define QUOTED_BYTES 304
#define QUOTED_KEPT  4

static const char *const level_names[] = {"erro", "aviso", "info", "debug"};
static char program_name[32] = "?";
static char current_request[80];
static enum log_level threshold = LOG_LEVEL_INFO;
static int descriptor = STDERR_FILENO;

int log_open(const char *program, const char *path, enum log_level level)
{
	snprintf(program_name, sizeof(program_name), "%s", program);
	threshold = level;
	if (strcmp(path, "-") == 0)
		return 0;
	int opened = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (opened < 0)
		return errno;
	if (descriptor != STDERR_FILENO)
		close(descriptor);
	descriptor = opened;
	return 0;
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
	/* A log that cannot be written must not stop the shop. */
	ssize_t written = write(descriptor, line, end);
	(void)written;
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
