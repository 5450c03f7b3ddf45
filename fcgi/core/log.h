/*
 * One line an event, `key=value`, to the log file or standard error, with the request's id when there is one. Values are
 * quoted when they need it. Never pass a token, a session id, an order's id or a customer's data. A line has 512 bytes at most, its
 * end included; what is longer is cut.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

enum log_level { LOG_LEVEL_ERRO, LOG_LEVEL_AVISO, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Names the program and opens `path` for appending ("-": standard error). Lines above `level` are dropped. Each line goes to the
 * file that has this name at that moment, which is made when there is none: the log can be renamed or deleted at any time. While it cannot be
 * written its lines go to standard error, after one that says why (event=log_unwritable).
 */
void log_open(const char *program, const char *path, enum log_level level);

/* The program's name, as log_open() was told. */
const char *log_program(void);

/* Opens the file by its name at once, not only at the next line: lets go of one that was renamed, and makes one when there is none. */
void log_reopen(void);

/* Sets the request id that every line carries until the next call; NULL for none. The text is copied. */
void log_request(const char *request_id);

/*
 * Writes one line: time, level, program, pid, request id, event=<event>, then pairs from `format`, which is already
 * `key=value key=value` with numbers and short words; use log_quote() for anything else.
 */
void log_event(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* `text` quoted for a log line: control characters, quotes and backslashes escaped, cut at 200 bytes. Static storage, four in turn. */
const char *log_quote(const char *text);

#endif
