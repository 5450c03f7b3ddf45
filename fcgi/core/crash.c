/* Dying where a test asks for it. */
#include "core/crash.h"

#ifdef CRASH_POINTS

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/uuid.h"

#define POINT_MAX 200

/* Copies a path without its query, each id in it as {}. */
static void mask(const char *name, char out[POINT_MAX])
{
	size_t len = 0;

	while (*name != '\0' && *name != '?' && len < POINT_MAX - UUID_TEXT_MAX) {
		char segment[UUID_TEXT_MAX] = "";
		size_t part = strcspn(name, "/?");
		if (part < sizeof(segment))
			memcpy(segment, name, part);
		int written = snprintf(out + len, POINT_MAX - len, "%.*s%.1s", uuid_valid(segment) ? 2 : (int)part,
		                       uuid_valid(segment) ? "{}" : name, name[part] == '/' ? "/" : "");
		if (written < 0 || (len += (size_t)written) >= POINT_MAX)
			return;
		name += part + (name[part] == '/');
	}
	out[len] = '\0';
}

/* The file's first line; false when there is none. */
static bool wish_read(const char *path, char wish[2 * POINT_MAX])
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return false;
	bool read = fgets(wish, 2 * POINT_MAX, file) != NULL;
	fclose(file);
	if (read)
		wish[strcspn(wish, "\n")] = '\0';
	return read;
}

void crash_point(const char *kind, const char *name, const char *when)
{
	const char *path = getenv("CONFEITARIA_CRASH");
	char wish[2 * POINT_MAX];
	char masked[POINT_MAX];
	char point[2 * POINT_MAX];

	if (path == NULL || !wish_read(path, wish))
		return;
	mask(name, masked);
	snprintf(point, sizeof(point), "%s/%s/%s/%s", log_program(), kind, masked, when);
	if (strcmp(wish, "trace") == 0)
		log_event(LOG_LEVEL_INFO, "crash_point", "ponto=%s", log_quote(point));
	/* Removing it is the claim: of several that pass at once one dies. */
	else if (strcmp(wish, point) == 0 && unlink(path) == 0)
		kill(getpid(), SIGKILL);
}

#endif
