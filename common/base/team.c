#include "base/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

struct team {
    int threads;
    int started; /* helper threads that exist */
    pthread_mutex_t mutex;
    pthread_cond_t begin, end;
    unsigned long round; /* counts team_run calls; a helper works once per round */
    int running;         /* helpers that have not finished this round */
    int leave;
    void (*work)(void *context, int member);
    void *context;
    struct helper {
        struct team *team;
        int member;
        pthread_t thread;
    } helpers[];
};

static void *helper_main(void *argument)
{
    struct helper *self = argument;
    struct team *team = self->team;
    unsigned long seen = 0;
    pthread_mutex_lock(&team->mutex);
    for (;;) {
        while (team->round == seen && !team->leave)
            pthread_cond_wait(&team->begin, &team->mutex);
        if (team->leave)
            break;
        seen = team->round;
        pthread_mutex_unlock(&team->mutex);
        team->work(team->context, self->member);
        pthread_mutex_lock(&team->mutex);
        if (--team->running == 0)
            pthread_cond_signal(&team->end);
    }
    pthread_mutex_unlock(&team->mutex);
    return NULL;
}

int team_create(struct team **out, int threads)
{
    struct team *team =
        memory_zeroed(1, sizeof *team + (size_t)threads * sizeof team->helpers[0], "threads");
    *out = team;
    if (!team)
        return STATUS_FAILED;
    team->threads = threads;
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->begin, NULL);
    pthread_cond_init(&team->end, NULL);
    for (int i = 0; i < threads - 1; i++) {
        struct helper *helper = &team->helpers[i];
        helper->team = team;
        helper->member = i + 1;
        int error = pthread_create(&helper->thread, NULL, helper_main, helper);
        if (error) {
            team_destroy(out);
            return fail(STATUS_FAILED, "cannot start thread %d of %d: %s; try fewer --threads",
                        i + 2, threads, strerror(error));
        }
        team->started++;
    }
    return 0;
}

void team_destroy(struct team **out)
{
    struct team *team = *out;
    if (!team)
        return;
    pthread_mutex_lock(&team->mutex);
    team->leave = 1;
    pthread_cond_broadcast(&team->begin);
    pthread_mutex_unlock(&team->mutex);
    for (int i = 0; i < team->started; i++)
        pthread_join(team->helpers[i].thread, NULL);
    pthread_cond_destroy(&team->begin);
    pthread_cond_destroy(&team->end);
    pthread_mutex_destroy(&team->mutex);
    free(team);
    *out = NULL;
}

int team_size(const struct team *team)
{
    return team->threads;
}

void team_run(struct team *team, void (*work)(void *context, int member), void *context)
{
    pthread_mutex_lock(&team->mutex);
    team->work = work;
    team->context = context;
    team->running = team->started;
    team->round++;
    pthread_cond_broadcast(&team->begin);
    pthread_mutex_unlock(&team->mutex);
    work(context, 0);
    pthread_mutex_lock(&team->mutex);
    while (team->running > 0)
        pthread_cond_wait(&team->end, &team->mutex);
    pthread_mutex_unlock(&team->mutex);
}

struct each {
    struct team *team;
    int64_t count;
    int (*work)(void *context, int member, int64_t index);
    void *context;
    atomic_int_fast64_t next;
    int status; /* of the first that failed, under the team's mutex */
    char message[2048];
};

static void take_indices(void *context, int member)
{
    struct each *each = context;
    int64_t index;
    while ((index = atomic_fetch_add(&each->next, 1)) < each->count) {
        int status = each->work(each->context, member, index);
        if (status == 0)
            continue;
        atomic_store(&each->next, each->count);
        pthread_mutex_lock(&each->team->mutex);
        if (each->status == 0) {
            each->status = status;
            snprintf(each->message, sizeof each->message, "%s", fail_message());
        }
        pthread_mutex_unlock(&each->team->mutex);
    }
}

int team_each(struct team *team, int64_t count,
              int (*work)(void *context, int member, int64_t index), void *context)
{
    struct each each = {.team = team, .count = count, .work = work, .context = context};
    team_run(team, take_indices, &each);
    return each.status ? fail(each.status, "%s", each.message) : 0;
}
