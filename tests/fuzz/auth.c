/* Tokens: a line that is an Authorization header, then the file of tokens. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/auth.h"
#include "core/clock.h"
#include "core/log.h"
#include "fuzz.h"

static void check_token(const struct auth_token *token, const char *header)
{
	char hash[AUTH_HASH_MAX];

	MUST(auth_hash(header, hash) && strcmp(hash, token->hash) == 0);
	MUST(strlen(token->hash) == AUTH_HASH_MAX - 1 && *token->name != '\0' && *token->rights != '\0');
	MUST(strlen(token->name) < AUTH_NAME_MAX && strlen(token->rights) < AUTH_RIGHTS_MAX);
	MUST(strpbrk(token->name, " \r\n") == NULL && token->expires > clock_now() - 1000000);
	MUST(!auth_has_right(token, "") && !auth_has_right(token, "nenhum"));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_open("fuzz", "/dev/null", LOG_LEVEL_DEBUG);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};
	size_t len;
	int fd;
	char *header = input_text(&input, "\n", &len);
	struct auth *auth = auth_open(input_file(input.at, (size_t)(input.end - input.at), &fd), "");
	const struct auth_token *token = auth_find(auth, header);

	if (token != NULL)
		check_token(token, header);
	MUST(auth_find(auth, NULL) == NULL);
	MUST((auth_find(auth, header) == NULL) == (token == NULL));
	close(fd);
	MUST(auth_find(auth, header) == NULL);
	auth_close(auth);
	free(header);
	return 0;
}
