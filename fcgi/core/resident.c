/* Resident memory, read from a descriptor of /proc that stays open. */
#include "core/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/field.h"
#include "core/log.h"

#define TEXT_MAX 128
#define NOT_OPEN (-1)
#define UNKNOWN  (-2)

int64_t resident_kib(void)
{
	static int statm = NOT_OPEN;
	char text[TEXT_MAX] = "";
	int64_t pages;

	if (statm == NOT_OPEN)
		statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	/* Pages: total, resident, shared and others (proc(5)). */
	if (statm >= 0 && pread(statm, text, sizeof(text) - 1, 0) > 0) {
		char *rest = text;
		strsep(&rest, " ");
		const char *resident = strsep(&rest, " ");
		if (resident != NULL && int_parse(resident, 1, INT32_MAX, &pages))
			return pages * (sysconf(_SC_PAGESIZE) / 1024);
	}
	if (statm != UNKNOWN)
		log_event(LOG_LEVEL_AVISO, "memory_unknown", "erro=%s", log_quote(strerror(errno)));
	statm = UNKNOWN;
	return -1;
}
