/* A team of threads that runs one function at a time: the caller is member 0 and works too. */
#ifndef BASE_TEAM_H
#define BASE_TEAM_H

#include <stdint.h>

struct team;

/* threads >= 1, the caller included. */
int team_create(struct team **team, int threads);
void team_destroy(struct team **team);
int team_size(const struct team *team);

/* Runs work(context, member) once on every member and returns when all have come back. What a
 * member wrote is visible to the caller afterwards. Not reentrant. */
void team_run(struct team *team, void (*work)(void *context, int member), void *context);

/* Runs work(context, member, index) once for each index of 0..count, on whichever member is free.
 * After a failure no further index is begun; its status and line become the caller's. */
int team_each(struct team *team, int64_t count,
              int (*work)(void *context, int member, int64_t index), void *context);

#endif
