/* A picture's bytes: walked through segment by segment; what is kept moves to the front. */
#include "catalogo/imagem.h"

#include <stdbool.h>
#include <string.h>

#include "core/ensure.h"

/* Invariant: to <= at <= end; what is kept is before `to`. */
struct walk {
	uint8_t *to;
	const uint8_t *at;
	const uint8_t *end;
};

static size_t left(const struct walk *walk)
{
	return (size_t)(walk->end - walk->at);
}

static void keep(struct walk *walk, size_t len)
{
	ensure(walk->to <= walk->at && len <= left(walk));
	memmove(walk->to, walk->at, len);
	walk->to += len;
	walk->at += len;
}

static uint32_t big(const uint8_t *at, size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static uint32_t little(const uint8_t *at, size_t bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static bool is(const uint8_t *at, const char *name)
{
	return memcmp(at, name, 4) == 0;
}

/* Whether a list of four-letter names, one after the other, holds the one at `at`. */
static bool listed(const char *names, const uint8_t *at)
{
	for (; *names != '\0'; names += 4)
		if (is(at, names))
			return true;
	return false;
}

/* JPEG: ITU-T T.81, annex B. */

enum { SOF0 = 0xC0, SOF2 = 0xC2, DHT = 0xC4, RST0 = 0xD0, RST7 = 0xD7, EOI = 0xD9, SOS = 0xDA, DQT = 0xDB, DRI = 0xDD };
enum { APP0 = 0xE0, APP15 = 0xEF, COM = 0xFE };

/* Of what programs write beside the picture only what changes its colours: JFIF, a colour profile, Adobe's transform. */
static bool jpeg_kept(uint8_t marker, const uint8_t *data, size_t len)
{
	static const struct {
		uint8_t marker;
		size_t len;
		const char *name;
	} kept[] = {{APP0, 5, "JFIF"}, {APP0 + 2, 12, "ICC_PROFILE"}, {APP0 + 14, 5, "Adobe"}};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (marker == kept[i].marker && len >= kept[i].len && memcmp(data, kept[i].name, kept[i].len) == 0)
			return true;
	return marker == DHT || marker == DQT || marker == DRI || marker == SOS || (marker >= SOF0 && marker <= SOF2);
}

/* The next marker's segment: its marker, and its length without the marker; 0: there is no whole one. */
static size_t jpeg_segment(struct walk *walk, uint8_t *marker)
{
	while (left(walk) >= 2 && walk->at[0] == 0xFF && walk->at[1] == 0xFF)
		walk->at++;
	if (left(walk) < 2 || walk->at[0] != 0xFF)
		return 0;
	*marker = walk->at[1];
	size_t len = *marker == EOI || left(walk) < 4 ? 0 : big(walk->at + 2, 2);
	return len >= 2 && len <= left(walk) - 2 ? len : 0;
}

/* Keeps the compressed data behind a scan's header, up to the next marker that ends it; false: nothing ends it. */
static bool jpeg_scan(struct walk *walk)
{
	const uint8_t *at = walk->at;

	while ((at = memchr(at, 0xFF, (size_t)(walk->end - at))) != NULL && at + 1 < walk->end) {
		if (at[1] != 0 && (at[1] < RST0 || at[1] > RST7)) {
			keep(walk, (size_t)(at - walk->at));
			return true;
		}
		at++;
	}
	return false;
}

static enum imagem_estado jpeg(struct walk *walk, struct imagem *imagem)
{
	bool frame = false;
	bool scan = false;
	uint8_t marker = 0;
	size_t len;

	keep(walk, 2);
	while ((len = jpeg_segment(walk, &marker)) > 0) {
		const uint8_t *data = walk->at + 4;
		if (marker >= SOF0 && marker <= SOF2) {
			if (frame || len < 8)
				return IMAGEM_DANIFICADA;
			frame = true;
			imagem->altura = big(data + 1, 2);
			imagem->largura = big(data + 3, 2);
		}
		if (jpeg_kept(marker, data, len - 2))
			keep(walk, len + 2);
		else if ((marker >= APP0 && marker <= APP15) || marker == COM)
			walk->at += len + 2;
		else
			return IMAGEM_DANIFICADA;
		if (marker != SOS)
			continue;
		if (!frame || !jpeg_scan(walk))
			return IMAGEM_DANIFICADA;
		scan = true;
	}
	if (marker != EOI || !scan)
		return IMAGEM_DANIFICADA;
	keep(walk, 2);
	return IMAGEM_BOA;
}

/* PNG: W3C PNG (Third Edition), sections 5 and 11. */

static uint32_t crc(const uint8_t *at, size_t len)
{
	static const uint32_t table[] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
	                                 0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
	                                 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
	uint32_t value = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		value = table[(value ^ at[i]) & 15] ^ value >> 4;
		value = table[(value ^ at[i] >> 4) & 15] ^ value >> 4;
	}
	return ~value;
}

/* Whether IHDR's 13 bytes say something that exists. */
static bool png_header(const uint8_t *data, struct imagem *imagem)
{
	/* The depths that a colour type may have, a bit each. */
	static const uint32_t depths[] = {1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16,
	                                  0,
	                                  1u << 8 | 1u << 16,
	                                  1u << 1 | 1u << 2 | 1u << 4 | 1u << 8,
	                                  1u << 8 | 1u << 16,
	                                  0,
	                                  1u << 8 | 1u << 16};

	imagem->largura = big(data, 4);
	imagem->altura = big(data + 4, 4);
	return data[8] <= 16 && data[9] < sizeof(depths) / sizeof(depths[0]) && (depths[data[9]] >> data[8] & 1) &&
	       data[10] == 0 && data[11] == 0 && data[12] <= 1;
}

/* The length of a whole chunk's data whose check sum is right; false without one. */
static bool png_chunk(const struct walk *walk, size_t *len)
{
	if (left(walk) < 12)
		return false;
	*len = big(walk->at, 4);
	return *len <= left(walk) - 12 && crc(walk->at + 4, *len + 4) == big(walk->at + 8 + *len, 4);
}

static enum imagem_estado png(struct walk *walk, struct imagem *imagem)
{
	static const char kept[] = "IHDRPLTEIDATIENDtRNSgAMAcHRMsRGBiCCPsBITbKGDpHYs";
	bool palette = false;
	bool data = false;
	size_t len;

	keep(walk, 8);
	uint8_t colour = left(walk) < 25 ? 0 : walk->at[17];
	for (bool first = true; png_chunk(walk, &len); first = false) {
		const uint8_t *type = walk->at + 4;
		if (first != is(type, "IHDR") || (first && (len != 13 || !png_header(type + 4, imagem))))
			return IMAGEM_DANIFICADA;
		palette = palette || is(type, "PLTE");
		data = data || (is(type, "IDAT") && len > 0 && (palette || colour != 3));
		if (is(type, "IEND")) {
			keep(walk, len + 12);
			return data && len == 0 ? IMAGEM_BOA : IMAGEM_DANIFICADA;
		}
		/* A small first letter: it can be done without. */
		if (listed(kept, type))
			keep(walk, len + 12);
		else if (*type & 0x20)
			walk->at += len + 12;
		else
			return IMAGEM_DANIFICADA;
	}
	return IMAGEM_DANIFICADA;
}

/* WebP: RFC 9649. */

enum { FLAG_ANIMATION = 0x02, FLAG_XMP = 0x04, FLAG_EXIF = 0x08 };

struct webp {
	bool extended;
	size_t pictures;
	uint32_t largura; /* of the canvas, when extended */
	uint32_t altura;
};

/* The chunk of the picture itself, lossy ("VP8 ", RFC 6386 section 9.1) or lossless ("VP8L", RFC 9649 section 3.4). */
static bool webp_picture(const uint8_t *data, size_t len, bool lossless, struct imagem *imagem)
{
	if (lossless) {
		uint32_t bits = len < 5 ? 0 : little(data + 1, 4);
		imagem->largura = (bits & 0x3FFF) + 1;
		imagem->altura = (bits >> 14 & 0x3FFF) + 1;
		return len >= 5 && *data == 0x2F && bits >> 29 == 0;
	}
	/* A key frame, whose first part must be there as a whole. */
	if (len < 10 || (*data & 1) != 0 || memcmp(data + 3, "\x9D\x01\x2A", 3) != 0 || little(data, 3) >> 5 > len - 10)
		return false;
	imagem->largura = little(data + 6, 2) & 0x3FFF;
	imagem->altura = little(data + 8, 2) & 0x3FFF;
	return true;
}

/* The header of a file with more than a picture; what it says of metadata is made false. */
static bool webp_header(struct walk *walk, size_t len, struct webp *webp)
{
	const uint8_t *data = walk->at + 8;

	if (webp->extended || webp->pictures > 0 || len != 10)
		return false;
	webp->extended = true;
	webp->largura = little(data + 4, 3) + 1;
	webp->altura = little(data + 7, 3) + 1;
	keep(walk, len + 8);
	walk->to[-10] &= (uint8_t) ~(FLAG_EXIF | FLAG_XMP);
	return true;
}

/* Keeps or drops the chunk at walk->at, whose data are `len` bytes. */
static enum imagem_estado webp_chunk(struct walk *walk, size_t len, struct webp *webp, struct imagem *imagem)
{
	const uint8_t *data = walk->at + 8;
	size_t whole = 8 + len + (len & 1);
	bool lossless = is(walk->at, "VP8L");

	if (listed("ANIMANMF", walk->at) || (is(walk->at, "VP8X") && len > 0 && (*data & FLAG_ANIMATION)))
		return IMAGEM_ANIMADA;
	if (is(walk->at, "VP8X"))
		return webp_header(walk, len, webp) ? IMAGEM_BOA : IMAGEM_DANIFICADA;
	if (lossless || is(walk->at, "VP8 ")) {
		webp->pictures++;
		if (!webp_picture(data, len, lossless, imagem))
			return IMAGEM_DANIFICADA;
		keep(walk, whole);
	} else if (webp->extended && listed("ICCPALPH", walk->at)) {
		keep(walk, whole);
	} else {
		walk->at += whole;
	}
	return IMAGEM_BOA;
}

static enum imagem_estado webp(struct walk *walk, struct imagem *imagem)
{
	struct webp webp = {0};
	size_t size = little(imagem->bytes + 4, 4);

	if (size < 4 || size > imagem->len - 8)
		return IMAGEM_DANIFICADA;
	walk->end = walk->at + 8 + size;
	keep(walk, 12);
	while (left(walk) > 0) {
		size_t len = left(walk) < 8 ? SIZE_MAX / 2 : little(walk->at + 4, 4);
		if (left(walk) < 8 || len > left(walk) - 8 || len + (len & 1) > left(walk) - 8)
			return IMAGEM_DANIFICADA;
		enum imagem_estado estado = webp_chunk(walk, len, &webp, imagem);
		if (estado != IMAGEM_BOA)
			return estado;
	}
	if (webp.pictures != 1 || (webp.extended && (webp.largura != imagem->largura || webp.altura != imagem->altura)))
		return IMAGEM_DANIFICADA;
	size = (size_t)(walk->to - imagem->bytes) - 8;
	for (size_t i = 0; i < 4; i++)
		imagem->bytes[4 + i] = (uint8_t)(size >> (8 * i));
	return IMAGEM_BOA;
}

enum imagem_tipo imagem_tipo(const struct imagem *imagem)
{
	const uint8_t *bytes = imagem->bytes;

	if (imagem->len >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0)
		return IMAGEM_JPEG;
	if (imagem->len >= 8 && memcmp(bytes, "\x89PNG\r\n\x1A\n", 8) == 0)
		return IMAGEM_PNG;
	if (imagem->len >= 12 && is(bytes, "RIFF") && is(bytes + 8, "WEBP"))
		return IMAGEM_WEBP;
	return IMAGEM_OUTRA;
}

static bool side_fits(uint32_t side)
{
	return side >= 1 && side <= IMAGEM_LADO_MAX;
}

enum imagem_estado imagem_limpar(struct imagem *imagem, enum imagem_tipo tipo)
{
	struct walk walk = {imagem->bytes, imagem->bytes, imagem->bytes + imagem->len};
	enum imagem_estado estado = tipo == IMAGEM_JPEG   ? jpeg(&walk, imagem)
	                            : tipo == IMAGEM_PNG  ? png(&walk, imagem)
	                            : tipo == IMAGEM_WEBP ? webp(&walk, imagem)
	                                                  : IMAGEM_DANIFICADA;

	imagem->len = (size_t)(walk.to - imagem->bytes);
	if (estado != IMAGEM_BOA)
		return estado;
	return side_fits(imagem->largura) && side_fits(imagem->altura) ? IMAGEM_BOA : IMAGEM_MEDIDAS;
}
