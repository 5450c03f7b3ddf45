/* Tokens: their hashes in a file that is read again whenever it changed. */
#include "core/auth.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sha2.h>
#include <sys/stat.h>

#include "core/arena.h"
#include "core/log.h"

#define TOKEN_MAX      256
#define LINE_MAX_BYTES 512

static_assert(AUTH_HASH_MAX == SHA256_DIGEST_STRING_LENGTH, "a hash is SHA-256 in hexadecimal");

struct auth {
	char *path;
	struct stat seen; /* of the file, when it was last read */
	struct auth_token *tokens;
	size_t count;
};

struct auth *auth_open(const char *path)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL || (auth->path = strdup(path)) == NULL)
		out_of_memory();
	return auth;
}

void auth_close(struct auth *auth)
{
	free(auth->tokens);
	free(auth->path);
	free(auth);
}

/* Adds the token of one line; what is no token is left out and told. */
static void token_add(struct auth *auth, const char *line)
{
	struct auth_token token;

	if (*line == '#' || *line == '\n')
		return;
	/* A name that is too long must not run over into the rights: a blank has to follow it. */
	if (sscanf(line, "%64s%*1[ ]%64s%*1[ ]%127s", token.hash, token.name, token.rights) != 3 ||
	    strlen(token.hash) != AUTH_HASH_MAX - 1) {
		log_event(LOG_LEVEL_AVISO, "token_line", "erro=\"a line of the tokens file is no token\"");
		return;
	}
	struct auth_token *tokens = reallocarray(auth->tokens, auth->count + 1, sizeof(token));
	if (tokens == NULL)
		out_of_memory();
	auth->tokens = tokens;
	auth->tokens[auth->count++] = token;
}

/* Reads the file again when it is another one, or another size or time, than last seen. */
static void tokens_refresh(struct auth *auth)
{
	struct stat now;
	char line[LINE_MAX_BYTES];

	if (stat(auth->path, &now) != 0) {
		auth->count = 0;
		auth->seen = (struct stat){0};
		return;
	}
	if (now.st_ino == auth->seen.st_ino && now.st_size == auth->seen.st_size &&
	    now.st_mtim.tv_sec == auth->seen.st_mtim.tv_sec && now.st_mtim.tv_nsec == auth->seen.st_mtim.tv_nsec)
		return;
	auth->count = 0;
	auth->seen = now;
	FILE *file = fopen(auth->path, "re");
	if (file == NULL) {
		log_event(LOG_LEVEL_ERRO, "tokens_unreadable", "erro=%s", log_quote(strerror(errno)));
		auth->seen = (struct stat){0}; /* try again */
		return;
	}
	while (fgets(line, sizeof(line), file) != NULL)
		token_add(auth, line);
	fclose(file);
}

static bool has_one(const char *rights, const char *right, size_t len)
{
	for (const char *at = rights; *at != '\0';) {
		size_t one = strcspn(at, ",");
		if (one == len && memcmp(at, right, len) == 0)
			return true;
		at += one + (at[one] == ',');
	}
	return false;
}

bool auth_has_right(const struct auth_token *token, const char *rights)
{
	for (const char *at = rights; *at != '\0';) {
		size_t one = strcspn(at, ",");
		if (has_one(token->rights, at, one))
			return true;
		at += one + (at[one] == ',');
	}
	return false;
}

bool auth_hash(const char *authorization, char hash[static AUTH_HASH_MAX])
{
	static const char scheme[] = "Bearer ";

	if (authorization == NULL || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	const char *token = authorization + sizeof(scheme) - 1;
	size_t len = strlen(token);
	if (len == 0 || len > TOKEN_MAX)
		return false;
	SHA256Data((const uint8_t *)token, len, hash);
	return true;
}

const struct auth_token *auth_find(struct auth *auth, const char *authorization)
{
	char hash[AUTH_HASH_MAX];

	if (!auth_hash(authorization, hash))
		return NULL;
	tokens_refresh(auth);
	for (size_t i = 0; i < auth->count; i++)
		if (strcmp(auth->tokens[i].hash, hash) == 0)
			return &auth->tokens[i];
	return NULL;
}
