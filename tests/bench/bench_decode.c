/* bench_decode FOLDER [ROUNDS]: how close reading frames comes to bare JPEG decoding.
 *
 * All files below FOLDER are read into memory, then timed on one thread, in alternating rounds:
 * bare libjpeg-turbo (one codec for all files, its defaults, pixels thrown away) and decoding plus
 * resizing to 128 x 128 with our code. The median of each is printed, and their ratio. */
#include "base/status.h"
#include "image/resize_kernels.h"
#include "tests/files.h"

#include <ftw.h>
#include <jpeglib.h>
#include <string.h>
#include <time.h>

#define SIZE       128
#define MAX_ROUNDS 99

static struct file_bytes *files;
static size_t file_count;

static int add_file(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void)facts;
    (void)place;
    const char *dot = strrchr(path, '.');
    if (kind != FTW_F || !dot || (strcasecmp(dot, ".jpg") && strcasecmp(dot, ".jpeg")))
        return 0;
    files = realloc(files, (file_count + 1) * sizeof *files);
    if (!files)
        return -1;
    files[file_count++] = file_read(path);
    return 0;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Images per second. Exits on a broken file, through libjpeg's own error handler. */
static double time_bare(void)
{
    static JSAMPLE line[65536 * 3];
    JSAMPROW row = line;
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct codec = {.err = jpeg_std_error(&errors)};
    double start = seconds_now();
    jpeg_create_decompress(&codec);
    for (size_t i = 0; i < file_count; i++) {
        jpeg_mem_src(&codec, files[i].bytes, files[i].count);
        jpeg_read_header(&codec, TRUE);
        codec.out_color_space = JCS_RGB;
        jpeg_start_decompress(&codec);
        while (codec.output_scanline < codec.output_height)
            jpeg_read_scanlines(&codec, &row, 1);
        jpeg_finish_decompress(&codec);
    }
    jpeg_destroy_decompress(&codec);
    return (double)file_count / (seconds_now() - start);
}

static double time_ours(const struct resize_kernels *kernels)
{
    static uint8_t pixels[SIZE * SIZE * 3];
    struct image image = {0};
    struct image_facts facts;
    struct resizer *resizer = NULL;
    double start = seconds_now();
    int status = resizer_create_with(&resizer, kernels);
    for (size_t i = 0; i < file_count && status >= 0; i++) {
        status = image_decode(files[i].bytes, files[i].count, &image, &facts);
        if (status >= 0 && facts.verdict != VERDICT_REJECTED)
            status = image_resize(resizer, &image, SIZE, SIZE, pixels);
    }
    resizer_destroy(&resizer);
    image_release(&image);
    if (status < 0) {
        fprintf(stderr, "bench_decode: %s\n", fail_message());
        exit(EXIT_FAILURE);
    }
    return (double)file_count / (seconds_now() - start);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 7;
    if (argc < 2 || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: bench_decode FOLDER [ROUNDS, 1 to %d]\n", MAX_ROUNDS);
        return 2;
    }
    if (nftw(argv[1], add_file, 16, 0) != 0 || file_count == 0) {
        fprintf(stderr, "bench_decode: %s: no JPEG files\n", argv[1]);
        return EXIT_FAILURE;
    }
    const struct resize_kernels *fast = resize_avx2();
    double bare[MAX_ROUNDS], plain[MAX_ROUNDS], best[MAX_ROUNDS];
    for (int r = 0; r < rounds; r++) {
        bare[r] = time_bare();
        plain[r] = time_ours(&resize_plain);
        best[r] = time_ours(fast ? fast : &resize_plain);
    }
    double bare_rate = median(bare, rounds), plain_rate = median(plain, rounds),
           best_rate = median(best, rounds);
    printf("%zu files, one thread, median of %d rounds\n", file_count, rounds);
    printf("bare libjpeg-turbo decoding      %8.0f images/s\n", bare_rate);
    printf("decode and resize, plain C       %8.0f images/s  %.3f of bare\n", plain_rate,
           plain_rate / bare_rate);
    printf("decode and resize, %-5s         %8.0f images/s  %.3f of bare\n",
           fast ? fast->name : "plain", best_rate, best_rate / bare_rate);
    for (size_t i = 0; i < file_count; i++)
        free(files[i].bytes);
    free(files);
    return EXIT_SUCCESS;
}
