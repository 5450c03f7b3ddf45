/* How customers can be reached: what counts as an e-mail and as a telephone. */
#ifndef PEDIDOS_CONTATO_H
#define PEDIDOS_CONTATO_H

#include <stdbool.h>

/*
 * An e-mail as `input type=email` takes it (HTML, "valid e-mail address"), with letters, marks and digits of any script too (RFC 6531), and
 * with a dot in its domain. Whether it is theirs only a message could tell.
 */
bool email_valido(const char *text);

/*
 * A telephone in any usual spelling: 8 to 15 digits (ITU-T E.164), not all the same; maybe a + before them; parentheses around some;
 * between groups a blank, a hyphen or dash, a dot, a slash, a hyphen with blanks around it.
 */
bool telefone_valido(const char *text);

#endif
