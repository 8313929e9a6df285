/* /ledger: one compound row per input file. */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store/store.h"

struct h5;

int ledger_write(struct h5 *file, int64_t count, const struct ledger_row *rows);

/* One member of every row: numbers as doubles (count), texts as null-terminated strings *stride
 * bytes apart. Malloc'd and the caller's; NULL, and no failure, where the ledger has no such
 * member: stores of older versions have fewer. */
int ledger_read_numbers(struct h5 *file, const char *member, int64_t *count, double **values);
int ledger_read_texts(struct h5 *file, const char *member, int64_t *count, size_t *stride,
                      char **texts);

#endif
