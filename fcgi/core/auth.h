/*
 * Bearer tokens (RFC 6750). The file of tokens holds a line a token: `sha256-hex name right[,right…] created`; rights are
 * `admin` and those that one service gives another: `reservas`, `retirar`. It is read again when it changed, so revoking needs
 * no restart. A missing file means no token is valid.
 */
#ifndef CORE_AUTH_H
#define CORE_AUTH_H

#include <stdbool.h>

#include "core/problem.h"

#define AUTH_HASH_MAX 65 /* of a token's hash as text, its NUL included */

struct auth;

/* Never NULL; the file is read at the first check. `path` is copied. */
struct auth *auth_open(const char *path);

/*
 * Checks an Authorization header (or NULL) for `right`. PROBLEM_NAO_AUTENTICADO: none, malformed or unknown token;
 * PROBLEM_NAO_AUTORIZADO: known, without that right. `*name` (may be NULL) gets the token's name, valid until the next call.
 */
enum problem auth_check(struct auth *auth, const char *authorization, const char *right, const char **name);

/*
 * The hash of the token in an Authorization header (or NULL), as it is kept: what a token is known by wherever more than its
 * name is needed. False without a token of a sane length; whether the token is valid is not looked at.
 */
bool auth_hash(const char *authorization, char hash[static AUTH_HASH_MAX]);

void auth_close(struct auth *auth);

#endif
