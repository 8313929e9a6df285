/* What the bytes of an image file tell without decoding it: its format, and for a JPEG what its
 * markers say. Works on any bytes, broken ones included, and never reads past the end. */
#ifndef IMAGE_FACTS_H
#define IMAGE_FACTS_H

#include "image/image.h"

#include <stdbool.h>

/* Pillow's rule: a JPEG file begins FF D8 FF. */
bool facts_begin_jpeg(const uint8_t *bytes, size_t byte_count);

/* Why a file that does not begin so is none: "empty file", "a PNG file, not a JPEG", ... */
void facts_name_foreign(const uint8_t *bytes, size_t byte_count, char *reason, size_t reason_bytes);

/* Fills width, height, quality, subsampling, exif and orientation as far as the markers before the
 * first scan reveal them, and leaves the other fields alone. */
void facts_read(const uint8_t *bytes, size_t byte_count, struct image_facts *facts);

/* One quantisation table per kind of component, in zigzag order as in the file. */
struct quantisation {
    bool present, wide; /* wide: 16-bit entries, not held below 256 */
    uint16_t steps[64];
};

/* The quality setting 1..100 of libjpeg whose tables are nearest; chroma may be NULL. */
int quality_estimate(const struct quantisation *luma, const struct quantisation *chroma);

#endif
