/* Runs a fuzz target on files, for builds without libFuzzer: TARGET FILE... */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static void run(const char *path)
{
	FILE *file = fopen(path, "re");
	long size = -1;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	MUST(size >= 0);
	uint8_t *bytes = malloc(size == 0 ? 1 : (size_t)size);
	rewind(file);
	MUST(bytes != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size);
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, (size_t)size);
	free(bytes);
}

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	printf("%d inputs replayed\n", argc - 1);
	return 0;
}
