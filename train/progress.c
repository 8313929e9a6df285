#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/run.h"

void progress_begin_epoch(struct progress *progress, int speaks, int64_t step)
{
    progress->speaks = speaks;
    progress->bar = speaks && isatty(STDERR_FILENO);
    progress->start_s = progress->shown_s = clock_s();
    progress->start_step = step;
}

void progress_step(struct progress *progress, int64_t epoch, int64_t epochs, int64_t step,
                   int64_t steps, int64_t batch_size)
{
    enum { WIDTH = 24 };
    double now = progress->bar ? clock_s() : 0;
    if (!progress->bar || now - progress->shown_s < 0.1)
        return;
    progress->shown_s = now;
    double rate = (double)((step - progress->start_step) * batch_size) / (now - progress->start_s);
    double left_s = (double)(((epochs - epoch) * steps - step) * batch_size) / rate;
    int full = (int)(step * WIDTH / steps);
    fprintf(stderr, "\repoch %lld/%lld [%.*s%*s] %5.0f images/s, %d:%02d left ",
            (long long)epoch + 1, (long long)epochs, full, "########################", WIDTH - full,
            "", rate, (int)left_s / 60, (int)left_s % 60);
}

void progress_end_epoch(struct progress *progress, const struct run *run, int64_t epochs)
{
    int64_t e = run->epoch - 1;
    if (progress->bar)
        fputs("\r\033[K", stderr);
    if (!progress->speaks)
        return;
    printf("epoch %lld/%lld  train loss %.4f accuracy %.4f  ", (long long)run->epoch,
           (long long)epochs, run->history[RUN_TRAIN_LOSS][e], run->history[RUN_TRAIN_ACCURACY][e]);
    if (isnan(run->history[RUN_VAL_LOSS][e]))
        fputs("no val rows", stdout);
    else
        printf("val loss %.4f accuracy %.4f", run->history[RUN_VAL_LOSS][e],
               run->history[RUN_VAL_ACCURACY][e]);
    printf("  %.0f images/s\n", run->history[RUN_IMAGES_PER_SECOND][e]);
    fflush(stdout);
}
