/* Image files as rows of a fixed size. */
#ifndef IMAGE_LOAD_H
#define IMAGE_LOAD_H

#include "image/image.h"

/* Keeps its scratch memory between files; one for each thread. */
struct image_loader;
int image_loader_create(struct image_loader **loader, int image_size);
void image_loader_destroy(struct image_loader **loader);

/* Reads, decodes and resizes a file into row, uint8 (image_size,image_size,3). facts are always
 * filled, and *bytes is the file's length (0 if unknown). A file that cannot be opened, read or
 * decoded is no failure: its verdict is VERDICT_REJECTED and the call returns 0. */
int image_load(struct image_loader *loader, const char *path, uint8_t *row,
               struct image_facts *facts, int64_t *bytes);

#endif
