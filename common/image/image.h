/* JPEG files in, RGB pixels out: the only part that knows libjpeg.
 *
 * Decoding and resizing give the bytes that Pillow gives (Image.open(f).convert("RGB").resize(size,
 * BILINEAR)), and decide about broken files as Pillow decides, so that models and numbers carry
 * over to and from torchvision. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* 8-bit RGB pixels, rows from the top, no padding: (H,W,3). Start from {0}; decoding reuses the
 * buffer and grows it as needed; release with image_release. */
struct image {
    int width, height;
    uint8_t *pixels;
    size_t capacity_bytes;
};

enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_WARNED,   /* decoded, and libjpeg warned about the data */
    VERDICT_REJECTED, /* no pixels */
};

/* What the ledger records of a file. Fields that the file does not reveal are 0 or "". */
struct image_facts {
    enum verdict verdict;
    char reason[120]; /* why it was warned or rejected: one line of text for people */
    int width, height;
    int quality;          /* 1..100, estimated from the quantisation tables; 0 = unknown */
    char subsampling[12]; /* "4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1", "grey", or the factors */
    int exif;             /* 1: there is an EXIF block, of whatever content */
    int orientation;      /* EXIF orientation 1..8; 0 = none stated. Recorded, never applied */
};

/* Decodes a whole JPEG file that stands in memory. facts are always filled. A bad file is no
 * failure: the verdict is VERDICT_REJECTED and the call returns 0; a negative status means trouble
 * of ours (no memory). */
int image_decode(const uint8_t *bytes, size_t byte_count, struct image *image,
                 struct image_facts *facts);

void image_release(struct image *image);

/* Resizes to (height,width,3) bytes at `pixels` as Pillow's BILINEAR does: a triangle filter,
 * widened when shrinking. `resizer` keeps the scratch memory between calls. */
struct resizer;
int resizer_create(struct resizer **resizer);
void resizer_destroy(struct resizer **resizer);
int image_resize(struct resizer *resizer, const struct image *image, int width, int height,
                 uint8_t *pixels);

/* Of (height,width,3) RGB bytes, by their luma L (ITU-R 601 in Pillow's integers):
 *   brightness   the mean of L, 0..255
 *   sharpness    the variance of the Laplacian L(x-1,y) + L(x+1,y) + L(x,y-1) + L(x,y+1) - 4 L(x,y)
 *                over the pixels that have four neighbours; 0 where there are none */
int image_measure(const uint8_t *pixels, int width, int height, double *brightness,
                  double *sharpness);

/* Encodes (height,width,3) RGB bytes as a baseline 4:2:0 JPEG; *bytes is malloc'd and the caller's.
 */
int image_encode(const uint8_t *pixels, int width, int height, int quality, uint8_t **bytes,
                 size_t *byte_count);

/* "libjpeg-turbo 2.1.5" */
const char *image_library(void);

#endif
