/* The quality setting behind a pair of quantisation tables.
 *
 * libjpeg scales the two example tables of the JPEG standard (T.81, annex K) by
 *     s(q) = 5000 / q for q < 50, else 200 - 2 q   (percent)
 *     step = (example * s + 50) / 100, held within 1..255 (1..32767 for wide tables).
 * The sum of all steps falls strictly with q, so the q with the nearest sum is found by bisection,
 * and it is the exact one for tables made this way. Other encoders' tables get the setting of
 * libjpeg that quantises as coarsely in sum. */
#include "image/facts.h"

/* Annex K in zigzag order. */
static const uint8_t luma_example[64] = {
    16, 11, 12,  14,  12,  10, 16, 14,  13,  14,  18,  17,  16, 19,  24,  40,
    26, 24, 22,  22,  24,  49, 35, 37,  29,  40,  58,  51,  61, 60,  57,  51,
    56, 55, 64,  72,  92,  78, 64, 68,  87,  69,  55,  56,  80, 109, 81,  87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
};
static const uint8_t chroma_example[64] = {
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
};

static long example_sum(const uint8_t *example, bool wide, int quality)
{
    int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    int limit = wide ? 32767 : 255;
    long sum = 0;
    for (int i = 0; i < 64; i++) {
        int step = (example[i] * scale + 50) / 100;
        sum += step < 1 ? 1 : step > limit ? limit : step;
    }
    return sum;
}

static long table_sum(const struct quantisation *table)
{
    long sum = 0;
    for (int i = 0; i < 64; i++)
        sum += table->steps[i];
    return sum;
}

int quality_estimate(const struct quantisation *luma, const struct quantisation *chroma)
{
    long wanted = table_sum(luma) + (chroma ? table_sum(chroma) : 0);
    /* Invariant: sum(low) >= wanted > sum(high), where sums beyond the ends count as infinite and
     * negative. */
    int low = 0, high = 101;
    long sum_low = -1, sum_high = -1;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        long sum = example_sum(luma_example, luma->wide, middle) +
                   (chroma ? example_sum(chroma_example, chroma->wide, middle) : 0);
        if (sum >= wanted) {
            low = middle;
            sum_low = sum;
        } else {
            high = middle;
            sum_high = sum;
        }
    }
    if (low == 0)
        return high;
    if (high == 101)
        return low;
    return sum_low - wanted <= wanted - sum_high ? low : high;
}
