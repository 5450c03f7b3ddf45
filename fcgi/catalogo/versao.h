/*
 * The catalogue's version on this host: a directory with a link `atual` to another name at each change. nginx resolves
 * the link for every request and makes the name part of its cache's key (nginx/cache.conf.in), so that what was
 * answered before a change is never found after it. A name is never used twice: the clock that it is made of never goes
 * back, and a boot empties the directory.
 */
#ifndef CATALOGO_VERSAO_H
#define CATALOGO_VERSAO_H

#include <stdbool.h>

/* Begins another version. What fails is logged: nginx then forgets by itself, after the validity of cache.conf. */
bool versao_mudar(const char *directory);

/* Whether the link leads somewhere; where it does not nginx answers nothing. */
bool versao_inteira(const char *directory);

/* Removes the names that were left behind some seconds ago: by now no request is on its way through them. */
void versao_limpar(const char *directory);

#endif
