/*
 * Bearer tokens (RFC 6750). The file of tokens holds a line a token: `sha256-hex name right[,right…] created [expires]`; rights are
 * `admin` and `atendente`, which people have, and those that one service gives another: `reservas`, `retirar`. `expires` is an RFC 3339
 * time, or a date, which is the last day (UTC). The file is read again when it changed, so revoking needs no restart. A missing file
 * means no token is valid.
 */
#ifndef CORE_AUTH_H
#define CORE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#define AUTH_HASH_MAX   65 /* of a token's hash as text, its NUL included */
#define AUTH_NAME_MAX   65
#define AUTH_RIGHTS_MAX 128
#define AUTH_NEVER      INT64_MAX

struct auth_token {
	char hash[AUTH_HASH_MAX];
	char name[AUTH_NAME_MAX];
	char rights[AUTH_RIGHTS_MAX]; /* comma-separated */
	int64_t expires;              /* when it ceases to be valid, or AUTH_NEVER */
};

struct auth;

/*
 * Never NULL; the file is read at the first check. In the directory `uses` ("": none) an empty file named by a token's hash says by its
 * time when the token was last used, to the day. Both paths are copied.
 */
struct auth *auth_open(const char *path, const char *uses);

/*
 * The valid token in an Authorization header (or NULL), until the next call; NULL when it is none, malformed, unknown or expired. Notes
 * its use; that this cannot be written down is logged once and refuses nothing.
 */
const struct auth_token *auth_find(struct auth *auth, const char *authorization);

/* Whether the token has one of the rights, which are separated by commas. */
bool auth_has_right(const struct auth_token *token, const char *rights);

/*
 * The hash of the token in an Authorization header (or NULL), as it is kept: what a token is known by wherever more than its
 * name is needed. False without a token of a sane length; whether the token is valid is not looked at.
 */
bool auth_hash(const char *authorization, char hash[static AUTH_HASH_MAX]);

void auth_close(struct auth *auth);

#endif
