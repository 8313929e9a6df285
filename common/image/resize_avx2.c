/* The passes of a resize with AVX2, compiled by per-function targets and chosen at run time.
 *
 * A 22-bit weight times a byte does not fit a 16-bit product, and 32-bit multiplications are slow.
 * So each weight comes in two 11-bit digits: vpmaddwd multiplies the bytes (widened to 16 bits)
 * with the digits of two taps and adds the pair, and the two sums meet at the end:
 *     out = (2^21 + low + (high << 11)) >> 22
 * which is the same integer as the plain sum: parts may wrap around 2^32 over very wide windows,
 * the whole never does. Packing saturates, so a sum a little above 255 is clipped as in plain C. */
#include "image/resize_kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

/* Digits of two neighbouring taps in every 32-bit lane. */
AVX2 static inline __m256i broadcast_pair(const int16_t *digits)
{
    int32_t pair;
    memcpy(&pair, digits, sizeof pair);
    return _mm256_set1_epi32(pair);
}

/* Eight sums in the making. Passed by value, never as an array: at -O2 arrays of vectors stay in
 * memory, which halves the speed. */
struct sums {
    __m256i high, low;
};

AVX2 static inline struct sums sums_begin(void)
{
    return (struct sums){_mm256_setzero_si256(), _mm256_set1_epi32(1 << (RESIZE_WEIGHT_BITS - 1))};
}

AVX2 static inline struct sums sums_add(struct sums sums, __m256i bytes, __m256i high, __m256i low)
{
    sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(bytes, high));
    sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(bytes, low));
    return sums;
}

/* (2^21 + low + (high << 11)) >> 22, where low began with the 2^21. */
AVX2 static inline __m256i sums_join(struct sums sums)
{
    __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(sums.high, RESIZE_DIGIT_BITS), sums.low);
    return _mm256_srli_epi32(sum, RESIZE_WEIGHT_BITS);
}

/* ---- horizontal: four rows at once, one RGB pixel of each per 128-bit half --------------------*/

/* Of the 16 bytes at a window (five pixels and a byte), taps 0 and 1, or 2 and 3, as 16-bit pairs:
 * R0 R1 G0 G1 B0 B1 0 0. */
#define Z        -1
#define TAPS_0_1 0, Z, 3, Z, 1, Z, 4, Z, 2, Z, 5, Z, Z, Z, Z, Z
#define TAPS_2_3 6, Z, 9, Z, 7, Z, 10, Z, 8, Z, 11, Z, Z, Z, Z, Z

AVX2 static inline __m256i load_two_rows(const uint8_t *a, const uint8_t *b)
{
    __m256i low = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a));
    return _mm256_inserti128_si256(low, _mm_loadu_si128((const __m128i *)b), 1);
}

/* One output pixel of four rows: R G B and a byte to overwrite, rows 0 and 2 in the low half of the
 * vector, 1 and 3 in the high half. `from` are the rows, the window begins `at` bytes in. */
AVX2 static inline __m256i sum_four_rows(const uint8_t *const from[4], size_t at,
                                         const struct resize_digits *digits, int groups)
{
    const __m256i front = _mm256_setr_epi8(TAPS_0_1, TAPS_0_1);
    const __m256i back = _mm256_setr_epi8(TAPS_2_3, TAPS_2_3);
    struct sums rows_01 = sums_begin(), rows_23 = sums_begin();
    do {
        __m256i front_high = broadcast_pair(digits->high), front_low = broadcast_pair(digits->low);
        __m256i back_high = broadcast_pair(digits->high + 2);
        __m256i back_low = broadcast_pair(digits->low + 2);
        __m256i pixels = load_two_rows(from[0] + at, from[1] + at);
        rows_01 = sums_add(rows_01, _mm256_shuffle_epi8(pixels, front), front_high, front_low);
        rows_01 = sums_add(rows_01, _mm256_shuffle_epi8(pixels, back), back_high, back_low);
        pixels = load_two_rows(from[2] + at, from[3] + at);
        rows_23 = sums_add(rows_23, _mm256_shuffle_epi8(pixels, front), front_high, front_low);
        rows_23 = sums_add(rows_23, _mm256_shuffle_epi8(pixels, back), back_high, back_low);
        at += 3 * RESIZE_TAPS_TOGETHER;
        digits++;
    } while (--groups > 0);
    __m256i words = _mm256_packus_epi32(sums_join(rows_01), sums_join(rows_23));
    return _mm256_packus_epi16(words, words);
}

/* The pixel that sum_four_rows made, into four rows. byte_count is 4, the last byte being one that
 * the next pixel overwrites, or 3 at the end of the rows. */
AVX2 static inline void store_four_rows(uint8_t *const to[4], size_t at, __m256i bytes,
                                        size_t byte_count)
{
    __m128i rows_02 = _mm256_castsi256_si128(bytes);
    __m128i rows_13 = _mm256_extracti128_si256(bytes, 1);
    int pixels[4] = {_mm_cvtsi128_si32(rows_02), _mm_cvtsi128_si32(rows_13),
                     _mm_extract_epi32(rows_02, 1), _mm_extract_epi32(rows_13, 1)};
    memcpy(to[0] + at, &pixels[0], byte_count);
    memcpy(to[1] + at, &pixels[1], byte_count);
    memcpy(to[2] + at, &pixels[2], byte_count);
    memcpy(to[3] + at, &pixels[3], byte_count);
}

/* `taps` by value: behind a pointer it would be read again after every store. */
AVX2 static void reduce_four_rows(struct resize_taps taps, const uint8_t *const from[4],
                                  uint8_t *const to[4])
{
    const struct resize_digits *digits = taps.digits;
    int last = taps.out - 1;
    for (int x = 0; x <= last; x++, digits += taps.stride / RESIZE_TAPS_TOGETHER) {
        int groups = (taps.count[x] + RESIZE_TAPS_TOGETHER - 1) / RESIZE_TAPS_TOGETHER;
        __m256i bytes = sum_four_rows(from, (size_t)taps.first[x] * 3, digits, groups);
        if (x < last)
            store_four_rows(to, (size_t)x * 3, bytes, 4);
        else
            store_four_rows(to, (size_t)x * 3, bytes, 3);
    }
}

AVX2 static void horizontal_avx2(const struct resize_taps *taps, const uint8_t *in,
                                 size_t in_stride, int rows, uint8_t *out)
{
    for (int row = 0; row < rows; row += 4) {
        const uint8_t *from[4];
        uint8_t *to[4];
        for (int i = 0; i < 4; i++) { /* missing rows are the last one again */
            size_t r = (size_t)(row + i < rows ? row + i : rows - 1);
            from[i] = in + r * in_stride;
            to[i] = out + r * (size_t)taps->out * 3;
        }
        reduce_four_rows(*taps, from, to);
    }
}

/* ---- vertical: 32 bytes of a row at once, two rows per multiplication -------------------------*/

AVX2 static inline __m256i sum_32_columns(const uint8_t *in, size_t row_bytes, int count,
                                          const struct resize_digits *digits)
{
    const __m256i zero = _mm256_setzero_si256();
    struct sums s0 = sums_begin(), s1 = s0, s2 = s0, s3 = s0;
    for (int tap = 0; tap < count; tap += 2) {
        /* An odd count ends with its last row twice; the second weight is padding, 0. */
        const uint8_t *row = in + (size_t)tap * row_bytes;
        __m256i a = _mm256_loadu_si256((const __m256i *)row);
        __m256i b = _mm256_loadu_si256((const __m256i *)(tap + 1 < count ? row + row_bytes : row));
        __m256i front = _mm256_unpacklo_epi8(a, b), back = _mm256_unpackhi_epi8(a, b);
        const struct resize_digits *group = digits + tap / RESIZE_TAPS_TOGETHER;
        __m256i high = broadcast_pair(group->high + tap % RESIZE_TAPS_TOGETHER);
        __m256i low = broadcast_pair(group->low + tap % RESIZE_TAPS_TOGETHER);
        s0 = sums_add(s0, _mm256_unpacklo_epi8(front, zero), high, low);
        s1 = sums_add(s1, _mm256_unpackhi_epi8(front, zero), high, low);
        s2 = sums_add(s2, _mm256_unpacklo_epi8(back, zero), high, low);
        s3 = sums_add(s3, _mm256_unpackhi_epi8(back, zero), high, low);
    }
    return _mm256_packus_epi16(_mm256_packus_epi32(sums_join(s0), sums_join(s1)),
                               _mm256_packus_epi32(sums_join(s2), sums_join(s3)));
}

static void sum_last_columns(const uint8_t *in, size_t row_bytes, int count, const int32_t *weights,
                             size_t start, uint8_t *out)
{
    for (size_t b = start; b < row_bytes; b++) {
        int32_t sum = 1 << (RESIZE_WEIGHT_BITS - 1);
        for (int i = 0; i < count; i++)
            sum += weights[i] * in[(size_t)i * row_bytes + b];
        sum >>= RESIZE_WEIGHT_BITS;
        out[b] = sum > 255 ? 255 : (uint8_t)sum;
    }
}

AVX2 static void vertical_avx2(const struct resize_taps *taps, const uint8_t *in, int first_row,
                               size_t row_bytes, uint8_t *out)
{
    int groups_stride = taps->stride / RESIZE_TAPS_TOGETHER;
    size_t whole_bytes = row_bytes / 32 * 32;
    for (int y = 0; y < taps->out; y++, out += row_bytes) {
        const uint8_t *window = in + (size_t)(taps->first[y] - first_row) * row_bytes;
        const struct resize_digits *digits = taps->digits + (size_t)y * groups_stride;
        for (size_t b = 0; b < whole_bytes; b += 32)
            _mm256_storeu_si256((__m256i *)(out + b),
                                sum_32_columns(window + b, row_bytes, taps->count[y], digits));
        sum_last_columns(window, row_bytes, taps->count[y],
                         taps->weights + (size_t)y * taps->stride, whole_bytes, out);
    }
}

const struct resize_kernels *resize_avx2(void)
{
    static const struct resize_kernels kernels = {"avx2", horizontal_avx2, vertical_avx2};
    return __builtin_cpu_supports("avx2") ? &kernels : NULL;
}

#else

const struct resize_kernels *resize_avx2(void)
{
    return NULL;
}

#endif
