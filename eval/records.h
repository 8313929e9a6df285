/* P(fake) of single files and of their videos, written for people and for programs. */
#ifndef EVAL_RECORDS_H
#define EVAL_RECORDS_H

#include <stdint.h>

/* A frame, or the mean of a video's frames. Names are bytes, as the file system has them. */
struct record {
    const char *name, *video; /* of a video both are its name */
    int32_t video_index;
    int64_t frames; /* 1 for a frame */
    double probability;
};

/* Frames as they stand, then their videos in the order of first appearance: to `output`, all of it
 * or nothing, or to stdout when that is NULL.
 *
 *   text   a table for people; a control character in a name is shown as '?'
 *   csv    RFC 4180: kind,name,video,frames,probability,predicted
 *   json   an object a line, with the same members; a byte that is not UTF-8 becomes \udcXX, which
 *          Python's surrogateescape turns back into it
 *
 * kind is "frame" or "video"; probabilities have all their digits in csv and json. A probability
 * outside 0..1 (a network that diverged) fails. */
int records_write(const struct record *frames, int64_t count, int64_t video_count,
                  const char *format, double threshold, const char *output);

#endif
