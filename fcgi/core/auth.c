/* Tokens: their hashes in a file that is read again whenever it changed. */
#include "core/auth.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sha2.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/log.h"

#define TOKEN_MAX 256
#define TIME_MAX  64 /* of a time in the file */
#define DATE_LEN  10 /* of an expiry without a time */
#define DAY_US    (INT64_C(86400) * 1000000)

static_assert(AUTH_HASH_MAX == SHA256_DIGEST_STRING_LENGTH, "a hash is SHA-256 in hexadecimal");

struct entry {
	struct auth_token token;
	int64_t used; /* the last day, since 1970, whose use was noted by this process */
};

struct auth {
	char *path;
	char *uses;
	struct stat seen; /* of the file, when it was last read */
	struct entry *entries;
	size_t count;
	bool unwritable; /* the last use could not be noted */
};

struct auth *auth_open(const char *path, const char *uses)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL || (auth->path = strdup(path)) == NULL || (auth->uses = strdup(uses)) == NULL)
		out_of_memory();
	return auth;
}

void auth_close(struct auth *auth)
{
	free(auth->entries);
	free(auth->uses);
	free(auth->path);
	free(auth);
}

/* Takes the next word of a line; false when there is none, or when it does not fit. */
static bool take_word(const char **at, char *out, size_t size)
{
	size_t len = 0;

	*at += strspn(*at, " ");
	while ((unsigned char)(*at)[len] > ' ' && (*at)[len] != 0x7f)
		len++;
	if (len == 0 || len >= size)
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at += len;
	return true;
}

static bool line_ends(const char *at)
{
	return at[strspn(at, " \r\n")] == '\0';
}

static bool expiry_read(const char *text, int64_t *expires)
{
	if (!clock_parse(text, expires))
		return false;
	*expires += strlen(text) == DATE_LEN ? DAY_US - 1 : 0;
	return true;
}

/* Reads the token of one line. An expiry that cannot be read is no token: it must not last for ever. */
static bool token_read(const char *line, struct auth_token *token)
{
	char created[TIME_MAX];
	char expires[TIME_MAX];

	if (!take_word(&line, token->hash, sizeof(token->hash)) ||
	    !take_word(&line, token->name, sizeof(token->name)) ||
	    !take_word(&line, token->rights, sizeof(token->rights)) || strlen(token->hash) != AUTH_HASH_MAX - 1)
		return false;
	token->expires = AUTH_NEVER;
	if (line_ends(line))
		return true;
	if (!take_word(&line, created, sizeof(created)))
		return false;
	if (line_ends(line))
		return true;
	return take_word(&line, expires, sizeof(expires)) && line_ends(line) && expiry_read(expires, &token->expires);
}

/* Adds the token of one line; what is no token is left out and told. */
static void token_add(struct auth *auth, const char *line)
{
	struct entry entry = {.used = -1};

	if (*line == '#' || *line == '\n')
		return;
	if (!token_read(line, &entry.token)) {
		log_event(LOG_LEVEL_AVISO, "token_line", "erro=\"a line of the tokens file is no token\"");
		return;
	}
	struct entry *entries = reallocarray(auth->entries, auth->count + 1, sizeof(entry));
	if (entries == NULL)
		out_of_memory();
	auth->entries = entries;
	auth->entries[auth->count++] = entry;
}

/* Reads the file again when it is another one, or another size or time, than last seen. */
static void tokens_refresh(struct auth *auth)
{
	struct stat now;
	char *line = NULL;
	size_t size = 0;

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
	while (getline(&line, &size, file) >= 0)
		token_add(auth, line);
	free(line);
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

/* Sets the time of the file that stands for the token's last use; false with errno when it cannot. */
static bool use_write(const struct auth *auth, const char *hash)
{
	char *path;

	if (asprintf(&path, "%s/%s", auth->uses, hash) < 0)
		out_of_memory();
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0660);
	bool done = fd >= 0 && futimens(fd, NULL) == 0;
	int error = errno;
	if (fd >= 0)
		close(fd);
	free(path);
	errno = error;
	return done;
}

/* Notes the use of a token, once a day. */
static void use_note(struct auth *auth, struct entry *entry)
{
	int64_t today = clock_now() / DAY_US;

	if (entry->used == today || *auth->uses == '\0')
		return;
	bool done = use_write(auth, entry->token.hash);
	if (done)
		entry->used = today;
	else if (!auth->unwritable)
		log_event(LOG_LEVEL_ERRO, "token_use_unwritable", "diretorio=%s erro=%s", log_quote(auth->uses),
		          log_quote(strerror(errno)));
	auth->unwritable = !done;
}

const struct auth_token *auth_find(struct auth *auth, const char *authorization)
{
	char hash[AUTH_HASH_MAX];

	if (!auth_hash(authorization, hash))
		return NULL;
	tokens_refresh(auth);
	for (size_t i = 0; i < auth->count; i++) {
		struct entry *entry = &auth->entries[i];
		if (strcmp(entry->token.hash, hash) != 0)
			continue;
		if (clock_now() >= entry->token.expires)
			return NULL;
		use_note(auth, entry);
		return &entry->token;
	}
	return NULL;
}
