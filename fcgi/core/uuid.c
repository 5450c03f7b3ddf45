/* UUIDs from the kernel's random numbers. */
#include "core/uuid.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void uuid_new(char out[UUID_TEXT_MAX])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[16];
	size_t len = 0;

	/* Sixteen bytes are always given whole once the pool is ready (getrandom(2)). */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		perror("getrandom");
		abort();
	}
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[len++] = '-';
		out[len++] = hex[bytes[i] >> 4];
		out[len++] = hex[bytes[i] & 15];
	}
	out[len] = '\0';
}

bool uuid_valid(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (const char *at = shape; *at != '\0'; at++, text++) {
		if (*text == '\0')
			return false;
		if (*at == '-' ? *text != '-' : strchr("0123456789abcdefABCDEF", *text) == NULL)
			return false;
	}
	return *text == '\0';
}
