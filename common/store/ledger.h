/* /ledger: one compound row per input file. */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store/store.h"

struct h5;

int ledger_write(struct h5 *file, int64_t count, const struct ledger_row *rows);

#endif
