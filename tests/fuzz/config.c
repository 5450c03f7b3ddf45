/* Configuration files: refused with a message, or read with every value in its bounds. */
#include "core/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/field.h"
#include "fuzz.h"

struct settings {
	char *text;
	char *other;
	char *secret;
	int number;
	bool truth;
};

static const struct config_setting table[] = {
    {"postgres", CONFIG_TEXT, offsetof(struct settings, text), NULL, 0, 0},
    {"log", CONFIG_TEXT, offsetof(struct settings, other), "-", 0, 0},
    {"postgres_senha", CONFIG_SECRET, offsetof(struct settings, secret), "", 0, 0},
    {"prazo_sql_ms", CONFIG_INT, offsetof(struct settings, number), "1500", 10, 60000},
    {"somente_leitura", CONFIG_BOOL, offsetof(struct settings, truth), "nao", 0, 0},
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings settings = {0};
	int fd;

	/* A secret is the first line of a file, and some files wait or never end. */
	if (memmem(data, size, "/dev", 4) != NULL || memmem(data, size, "/proc", 5) != NULL)
		return 0;
	const char *path = input_file(data, size, &fd);
	const char *error = config_read(path, table, FIELD_COUNT(table), &settings);
	if (error != NULL) {
		MUST(*error != '\0' && strlen(error) < 4096 && strstr(error, path) != NULL);
	} else {
		MUST(settings.text != NULL && settings.other != NULL && settings.secret != NULL);
		MUST(settings.number >= 10 && settings.number <= 60000);
		MUST(strchr(settings.text, '\n') == NULL && strchr(settings.secret, '\n') == NULL);
	}
	free(settings.text);
	free(settings.other);
	free(settings.secret);
	close(fd);
	return 0;
}
