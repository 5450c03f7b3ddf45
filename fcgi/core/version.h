/* What release a program is of. core/version.sh writes the values at each build. */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

extern const char version_number[]; /* "0.1.0" */
extern const char version_commit[]; /* "abcdef0"; "" when the sources came without one */

#endif
