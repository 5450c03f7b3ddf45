/* Replacing the link, and sweeping behind it. */
#include "catalogo/versao.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"

#define ATUAL       "atual"
#define VERSAO_MAX  64
#define OLD_SECONDS 10

/* The target must exist, as nginx asks realpath(3); rename(2) gives every reader the old link or the new one. */
static bool replace(int directory)
{
	char name[VERSAO_MAX];
	char link[VERSAO_MAX];

	snprintf(name, sizeof(name), "v%" PRId64 "-%d", clock_monotonic_us(), (int)getpid());
	snprintf(link, sizeof(link), "l%s", name + 1);
	return mkdirat(directory, name, 0700) == 0 && symlinkat(name, directory, link) == 0 &&
	       renameat(directory, link, directory, ATUAL) == 0;
}

bool versao_mudar(const char *path)
{
	int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool changed = directory >= 0 && replace(directory);

	if (!changed)
		log_event(LOG_LEVEL_ERRO, "versao", "erro=%s", log_quote(strerror(errno)));
	if (directory >= 0)
		close(directory);
	return changed;
}

bool versao_inteira(const char *path)
{
	int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	bool whole = directory >= 0 && fstatat(directory, ATUAL, &status, 0) == 0;

	if (directory >= 0)
		close(directory);
	return whole;
}

/* Whether an entry is a version, or the link to one that never got its name, and has been there for a while. */
static bool old(int directory, const char *name)
{
	struct stat status;

	return (*name == 'v' || *name == 'l') && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - status.st_mtime > OLD_SECONDS;
}

void versao_limpar(const char *path)
{
	char current[VERSAO_MAX] = "";
	DIR *entries = opendir(path);

	if (entries == NULL)
		return;
	int directory = dirfd(entries);
	/* Not knowing which is in use, none is removed. */
	if (readlinkat(directory, ATUAL, current, sizeof(current) - 1) > 0)
		for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
			if (strcmp(entry->d_name, current) != 0 && old(directory, entry->d_name))
				unlinkat(directory, entry->d_name, *entry->d_name == 'v' ? AT_REMOVEDIR : 0);
	closedir(entries);
}
