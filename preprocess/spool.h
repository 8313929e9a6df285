/* Where decoded rows wait until their place in the store is known: in memory up to a limit, beyond
 * it in a scratch file that has no name, so that nothing is left of it however the process ends. */
#ifndef PREPROCESS_SPOOL_H
#define PREPROCESS_SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct spool;

/* Of rows_max rows at most. The scratch file, if it comes to that, is made in `folder`. */
int spool_create(struct spool **spool, size_t row_bytes, int64_t rows_max, uint64_t memory_bytes,
                 const char *folder);
void spool_destroy(struct spool **spool);

/* Appends a row. */
int spool_add(struct spool *spool, const uint8_t *row);

/* Row number `index`, in the order of adding, into row[]. */
int spool_read(const struct spool *spool, int64_t index, uint8_t *row);

#endif
