/*
 * The bytes of a picture, as a shopkeeper sends them: whether they are a whole JPEG, PNG or WebP, and what of them may be published.
 * A walk over the file's segments or chunks; nothing is decoded.
 */
#ifndef CATALOGO_IMAGEM_H
#define CATALOGO_IMAGEM_H

#include <stddef.h>
#include <stdint.h>

#define IMAGEM_LADO_MAX 8000 /* pixels */

enum imagem_tipo { IMAGEM_JPEG, IMAGEM_PNG, IMAGEM_WEBP, IMAGEM_OUTRA };

enum imagem_estado {
	IMAGEM_BOA,
	IMAGEM_DANIFICADA, /* cut off, broken, or of a kind that browsers do not show */
	IMAGEM_ANIMADA,
	IMAGEM_MEDIDAS, /* a side of no pixels, or of more than IMAGEM_LADO_MAX */
};

struct imagem {
	uint8_t *bytes;
	size_t len;
	uint32_t largura;
	uint32_t altura;
};

/* The type that a file's first bytes say. */
enum imagem_tipo imagem_tipo(const struct imagem *imagem);

/*
 * Checks a picture of that type to its end and reads its size. What is left in imagem->bytes is the picture alone: without what cameras
 * and programs write beside it (the place, the time, the device, comments, previews, its orientation too) and without what follows
 * its end. Other bytes than IMAGEM_BOA's may be changed, and are of no use.
 */
enum imagem_estado imagem_limpar(struct imagem *imagem, enum imagem_tipo tipo);

#endif
