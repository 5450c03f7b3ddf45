/* The connection to Redis: opened, given a deadline, dropped at any error, opened again. */
#include "core/kv.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <sha1.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/breaker.h"
#include "core/clock.h"
#include "core/crash.h"
#include "core/deadline.h"
#include "core/ensure.h"
#include "core/field.h"
#include "core/log.h"
#include "core/slow.h"

#define ARGS_MAX    64
#define DEPTH_MAX   4
#define UNIX_PREFIX "unix:"

struct kv {
	const struct kv_options *options;
	redisContext *context;
	struct breaker breaker;
	int64_t deadline; /* of the call in hand, monotonic milliseconds */
	int64_t patience; /* what the connection has been told to wait, milliseconds; 0: nothing yet */
	char (*digests)[SHA1_DIGEST_STRING_LENGTH]; /* of each script, as EVALSHA wants it */
};

struct kv *kv_open(const struct kv_options *options)
{
	struct kv *kv = calloc(1, sizeof(*kv));

	if (kv != NULL)
		kv->digests = calloc(options->script_count + 1, sizeof(*kv->digests));
	if (kv == NULL || kv->digests == NULL)
		out_of_memory();
	kv->options = options;
	for (size_t i = 0; i < options->script_count; i++)
		SHA1Data((const uint8_t *)options->scripts[i].text, strlen(options->scripts[i].text), kv->digests[i]);
	return kv;
}

static void drop(struct kv *kv)
{
	if (kv->context != NULL)
		redisFree(kv->context);
	kv->context = NULL;
}

void kv_close(struct kv *kv)
{
	drop(kv);
	free(kv->digests);
	free(kv);
}

/* unix:/path or host:port */
static redisContext *dial(const char *address, struct timeval patience)
{
	int64_t port;

	if (strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return redisConnectUnixWithTimeout(address + strlen(UNIX_PREFIX), patience);
	const char *colon = strrchr(address, ':');
	if (colon == NULL || !int_parse(colon + 1, 1, 65535, &port))
		return NULL;
	char *host = strndup(address, (size_t)(colon - address));
	redisContext *context = host == NULL ? NULL : redisConnectWithTimeout(host, (int)port, patience);
	free(host);
	return context;
}

/* What is left of the deadline in milliseconds, at least one: hiredis takes nothing for no limit at all. */
static int64_t left(const struct kv *kv)
{
	int64_t milliseconds = kv->deadline - clock_monotonic_ms();

	return milliseconds < 1 ? 1 : milliseconds;
}

static struct timeval timeval_of(int64_t milliseconds)
{
	return (struct timeval){milliseconds / 1000, (suseconds_t)(milliseconds % 1000) * 1000};
}

/* Two system calls, and mostly the time left is what it was for the command before. */
static bool be_patient(struct kv *kv)
{
	int64_t patience = left(kv);

	if (patience != kv->patience && redisSetTimeout(kv->context, timeval_of(patience)) != REDIS_OK)
		return false;
	kv->patience = patience;
	return true;
}

/* Sends one command; NULL, and no connection any more, when it did not answer in time. */
static redisReply *command(struct kv *kv, const char *const *argv, size_t count)
{
	redisReply *reply = NULL;

	if (be_patient(kv))
		reply = redisCommandArgv(kv->context, (int)count, (const char **)argv, NULL);
	if (reply == NULL) {
		log_event(LOG_LEVEL_ERRO, "redis_lost", "erro=%s", log_quote(kv->context->errstr));
		drop(kv);
	}
	return reply;
}

/* Says who we are, or just something: a connection counts when it has answered, since a frozen server's is accepted too. */
static bool greet(struct kv *kv)
{
	const char *const auth[] = {"AUTH", kv->options->user, kv->options->password};
	const char *const ping[] = {"PING"};
	redisReply *reply = kv->options->user == NULL ? command(kv, ping, 1) : command(kv, auth, 3);

	if (reply == NULL)
		return false;
	bool accepted = reply->type == REDIS_REPLY_STATUS;
	if (!accepted)
		log_event(LOG_LEVEL_ERRO, "redis_greeting", "erro=%s", log_quote(reply->str == NULL ? "" : reply->str));
	freeReplyObject(reply);
	return accepted;
}

static bool dial_and_greet(struct kv *kv)
{
	kv->patience = 0;
	kv->context = dial(kv->options->address, timeval_of(left(kv)));
	if (kv->context == NULL || kv->context->err != 0) {
		log_event(LOG_LEVEL_ERRO, "redis_connect", "erro=%s",
		          log_quote(kv->context == NULL ? "bad address" : kv->context->errstr));
		return false;
	}
	return greet(kv);
}

static bool open_connection(struct kv *kv)
{
	int64_t deadline = kv->deadline;
	int patience = breaker_begin(&kv->breaker, (int)(deadline - clock_monotonic_ms()));

	if (patience == 0)
		return false;
	kv->deadline = clock_monotonic_ms() + patience;
	bool opened = dial_and_greet(kv);
	kv->deadline = deadline;
	breaker_end(&kv->breaker, opened);
	if (!opened)
		drop(kv);
	return opened;
}

/* Copies an answer into the arena. */
static struct kv_reply copied(const redisReply *from, struct arena *arena, int depth)
{
	struct kv_reply to = {.type = KV_NIL};

	switch (from->type) {
	case REDIS_REPLY_INTEGER:
		to.type = KV_INT;
		to.integer = from->integer;
		break;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
		to.type = KV_TEXT;
		to.len = from->len;
		to.text = arena_copy(arena, from->str, from->len);
		break;
	case REDIS_REPLY_ARRAY: {
		struct kv_reply *items = arena_array(arena, from->elements, sizeof(*items));
		for (size_t i = 0; i < from->elements && depth < DEPTH_MAX; i++)
			items[i] = copied(from->element[i], arena, depth + 1);
		to.type = KV_LIST;
		to.items = items;
		to.count = from->elements;
		break;
	}
	default:
		break;
	}
	return to;
}

/* Errors that say that the server cannot serve now, not that the command is wrong. */
static bool says_unavailable(const char *error)
{
	static const char *const words[] = {"LOADING", "READONLY",   "MASTERDOWN", "MISCONF",
	                                    "BUSY",    "NOREPLICAS", "NOAUTH",     "TRYAGAIN"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(error, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* Redis quotes the arguments of a command that it does not know, the key with its session id among them: those are cut off. */
static void log_refusal(const char *error, struct arena *arena)
{
	const char *quoted = strstr(error, ", with args");
	size_t len = quoted == NULL ? strlen(error) : (size_t)(quoted - error);

	log_event(LOG_LEVEL_ERRO, "redis_refused", "erro=%s", log_quote(arena_copy(arena, error, len)));
}

/* OOM: maxmemory is reached. A script is refused at its first write, so nothing was changed. */
static enum problem problem_of(const char *error)
{
	if (strncmp(error, "OOM", 3) == 0)
		return PROBLEM_SEM_ESPACO;
	return says_unavailable(error) ? PROBLEM_SERVICO_INDISPONIVEL : PROBLEM_INTERNO;
}

/* Turns a reply into an answer or a problem, and frees it. */
static enum problem answer_of(redisReply *from, struct arena *arena, struct kv_reply *reply)
{
	enum problem problem = PROBLEM_NONE;

	if (from->type == REDIS_REPLY_ERROR) {
		problem = problem_of(from->str);
		log_refusal(from->str, arena);
	} else {
		*reply = copied(from, arena, 0);
	}
	freeReplyObject(from);
	return problem;
}

/*
 * A server that went away leaves an end of file or an error behind: seen before a script is sent, the loss is certain and
 * harmless. Bytes that nobody asked for would be taken for the next answer.
 */
static bool connected(struct kv *kv)
{
	char byte;

	if (kv->context != NULL && (recv(kv->context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN))
		drop(kv);
	return kv->context != NULL || open_connection(kv);
}

/* One command on the open connection, for its breaker to know of. `name` is what the log calls it. */
static redisReply *ask(struct kv *kv, const char *name, const char *const *argv, size_t count)
{
	int64_t begun = slow_begin();

	breaker_begin(&kv->breaker, (int)(kv->deadline - clock_monotonic_ms()));
	redisReply *reply = command(kv, argv, count);
	breaker_end(&kv->breaker, reply != NULL);
	slow_end(SLOW_REDIS, begun, name, reply == NULL ? 0 : (int)reply->elements);
	return reply;
}

static bool is_noscript(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

/* EVALSHA, the script, how many keys, the keys, the rest; the number of words, 0 when there is no room for all. */
static size_t words_of(const struct kv *kv, const struct kv_call *call, struct arena *arena, const char **argv)
{
	size_t count = 3;

	ensure(call->script < kv->options->script_count);
	if (call->key_count > ARGS_MAX - count || call->arg_count > ARGS_MAX - count - call->key_count)
		return 0;
	argv[0] = "EVALSHA";
	argv[1] = kv->digests[call->script];
	argv[2] = arena_printf(arena, "%zu", call->key_count);
	for (size_t i = 0; i < call->key_count; i++)
		argv[count++] = call->keys[i];
	for (size_t i = 0; i < call->arg_count; i++)
		argv[count++] = call->args[i];
	return count;
}

static enum problem run_within(struct kv *kv, const struct kv_call *call, int deadline_ms, struct arena *arena,
                               struct kv_reply *reply)
{
	const struct kv_script *script = &kv->options->scripts[call->script];
	const char *argv[ARGS_MAX];
	size_t count = words_of(kv, call, arena, argv);

	*reply = (struct kv_reply){.type = KV_NIL};
	if (count == 0)
		return PROBLEM_INTERNO;
	kv->deadline = deadline_within(deadline_ms);
	if (!deadline_allows(true) || !connected(kv))
		return PROBLEM_SERVICO_INDISPONIVEL;
	crash_point("redis", script->name, "antes");
	redisReply *raw = ask(kv, script->name, argv, count);
	if (raw != NULL && is_noscript(raw)) {
		freeReplyObject(raw);
		argv[0] = "EVAL";
		argv[1] = script->text;
		raw = ask(kv, script->name, argv, count);
	}
	crash_point("redis", script->name, "depois");
	return raw == NULL ? PROBLEM_RESULTADO_DESCONHECIDO : answer_of(raw, arena, reply);
}

enum problem kv_run(struct kv *kv, const struct kv_call *call, struct arena *arena, struct kv_reply *reply)
{
	return run_within(kv, call, kv->options->deadline_ms, arena, reply);
}

enum problem kv_probe(struct kv *kv, const struct kv_call *call, int deadline_ms, struct arena *arena,
                      struct kv_reply *reply)
{
	return run_within(kv, call, deadline_ms, arena, reply);
}

enum problem kv_read(struct kv *kv, const char *const *argv, size_t count, struct arena *arena, struct kv_reply *reply)
{
	*reply = (struct kv_reply){.type = KV_NIL};
	kv->deadline = deadline_within(kv->options->deadline_ms);
	if (!deadline_allows(false))
		return PROBLEM_SERVICO_INDISPONIVEL;
	bool kept = kv->context != NULL;
	redisReply *raw = connected(kv) ? ask(kv, argv[0], argv, count) : NULL;
	/* A kept connection may turn out dead only when it is used: seen at once. One that was silent is not tried again. */
	if (raw == NULL && kept && clock_monotonic_ms() < kv->deadline && connected(kv))
		raw = ask(kv, argv[0], argv, count);
	return raw == NULL ? PROBLEM_SERVICO_INDISPONIVEL : answer_of(raw, arena, reply);
}

static const struct kv_reply *item_of(const struct kv_reply *reply, size_t at, int type)
{
	return reply->type == KV_LIST && at < reply->count && (int)reply->items[at].type == type ? &reply->items[at]
	                                                                                         : NULL;
}

const char *kv_text_at(const struct kv_reply *reply, size_t at)
{
	const struct kv_reply *item = item_of(reply, at, KV_TEXT);

	return item == NULL ? NULL : item->text;
}

bool kv_int_at(const struct kv_reply *reply, size_t at, int64_t *value)
{
	const struct kv_reply *item = item_of(reply, at, KV_INT);

	if (item != NULL)
		*value = item->integer;
	return item != NULL;
}
