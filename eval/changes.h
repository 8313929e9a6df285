/* What happens to pictures on their way, done to one frame, uint8 (size,size,3), in place: each
 * change and its strength as robustness.h says. `row` seeds what is random. Thread-safe. */
#ifndef EVAL_CHANGES_H
#define EVAL_CHANGES_H

#include <stdint.h>

int change_jpeg(double quality, int64_t row, int size, uint8_t *frame);
int change_downscale(double factor, int64_t row, int size, uint8_t *frame);
int change_blur(double sigma, int64_t row, int size, uint8_t *frame);
int change_noise(double sigma, int64_t row, int size, uint8_t *frame);
int change_brightness(double factor, int64_t row, int size, uint8_t *frame);

#endif
