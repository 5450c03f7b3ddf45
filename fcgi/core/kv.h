/*
 * One connection to Redis: commands and Lua scripts with a deadline, reconnection. Only kv.c knows hiredis.
 * Scripts come from db/<service>/, compiled in; they run by EVALSHA and are loaded when the server does not know them.
 */
#ifndef CORE_KV_H
#define CORE_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/problem.h"

struct kv;

struct kv_script {
	const char *name;
	const char *text;
};

struct kv_options {
	const char *address; /* unix:/path or host:port */
	const char *user;    /* ACL user, or NULL */
	const char *password;
	int deadline_ms; /* of one call, connecting included */
	const struct kv_script *scripts;
	size_t script_count;
};

/* An answer, of the request's arena. */
struct kv_reply {
	enum { KV_NIL, KV_INT, KV_TEXT, KV_LIST } type;
	int64_t integer;
	const char *text; /* NUL-terminated */
	size_t len;
	const struct kv_reply *items;
	size_t count;
};

/* Item `at` of a list as a text, or NULL: no list, no such item, or one of another type. */
const char *kv_text_at(const struct kv_reply *reply, size_t at);

/* Item `at` of a list as an integer; false, and *value is left alone, when there is none. */
bool kv_int_at(const struct kv_reply *reply, size_t at, int64_t *value);

/* Never NULL; connects when first used. `options` and what it points to must outlive it. */
struct kv *kv_open(const struct kv_options *options);
void kv_close(struct kv *kv);

/* A script (KV_… of the generated header), the keys that it touches, and its other arguments. */
struct kv_call {
	size_t script;
	const char *const *keys;
	size_t key_count;
	const char *const *args;
	size_t arg_count;
};

/*
 * Runs a script. Problems as sql_run(); a lost answer is RESULTADO_DESCONHECIDO; SEM_ESPACO when Redis has reached its maxmemory,
 * unless the script begins with `#!lua flags=allow-oom`; too many words are PROBLEM_INTERNO.
 */
enum problem kv_run(struct kv *kv, const struct kv_call *call, struct arena *arena, struct kv_reply *reply);

/* As kv_run(), within `deadline_ms`, which is the health check's and not that of a call. */
enum problem kv_probe(struct kv *kv, const struct kv_call *call, int deadline_ms, struct arena *arena,
                      struct kv_reply *reply);

/* Runs one reading command, e.g. {"HGETALL", key}; tried once more on a stale connection. PROBLEM_SERVICO_INDISPONIVEL. */
enum problem kv_read(struct kv *kv, const char *const *command, size_t count, struct arena *arena,
                     struct kv_reply *reply);

#endif
