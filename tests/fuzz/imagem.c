/*
 * Pictures: what is good is smaller than it was, of the same type, has sides within bounds, and is left alone by a second cleaning. A PNG
 * is tried once as it is and once with its check sums put right, which no mutation would find.
 */
#include "catalogo/imagem.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static uint32_t crc(const uint8_t *at, size_t len)
{
	uint32_t value = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		value ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			value = value >> 1 ^ ((value & 1) != 0 ? 0xEDB88320u : 0);
	}
	return ~value;
}

/* Puts the check sum of each whole chunk right. */
static void png_repair(uint8_t *bytes, size_t len)
{
	for (size_t at = 8; at + 12 <= len;) {
		size_t data =
		    (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
		if (data > len - at - 12)
			return;
		uint32_t sum = crc(bytes + at + 4, data + 4);
		for (size_t i = 0; i < 4; i++)
			bytes[at + 8 + data + i] = (uint8_t)(sum >> (24 - 8 * i));
		at += 12 + data;
	}
}

/* Bytes of their own, as many as there are, so that a step past them is found. */
static struct imagem copy_of(const uint8_t *data, size_t size)
{
	struct imagem imagem = {.bytes = malloc(size == 0 ? 1 : size), .len = size};

	MUST(imagem.bytes != NULL);
	if (size > 0)
		memcpy(imagem.bytes, data, size);
	return imagem;
}

static void check_good(const struct imagem *good, enum imagem_tipo tipo)
{
	struct imagem again = copy_of(good->bytes, good->len);

	MUST(good->largura >= 1 && good->largura <= IMAGEM_LADO_MAX && good->altura >= 1 &&
	     good->altura <= IMAGEM_LADO_MAX);
	MUST(imagem_tipo(&again) == tipo && imagem_limpar(&again, tipo) == IMAGEM_BOA);
	MUST(again.len == good->len && memcmp(again.bytes, good->bytes, good->len) == 0);
	MUST(again.largura == good->largura && again.altura == good->altura);
	free(again.bytes);
}

static void check(const uint8_t *data, size_t size, bool repaired)
{
	struct imagem imagem = copy_of(data, size);
	enum imagem_tipo tipo = imagem_tipo(&imagem);

	if (repaired && tipo == IMAGEM_PNG)
		png_repair(imagem.bytes, size);
	enum imagem_estado estado = imagem_limpar(&imagem, tipo);
	MUST(imagem.len <= size && (tipo != IMAGEM_OUTRA || estado == IMAGEM_DANIFICADA));
	if (estado == IMAGEM_BOA)
		check_good(&imagem, tipo);
	free(imagem.bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(data, size, false);
	check(data, size, true);
	return 0;
}
