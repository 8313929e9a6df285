/* --export FILE RUN: rank 0 writes the network in the format that FILE's name asks for.
 *
 * A safetensors file:
 *
 *     uint64   bytes of the header
 *     header {"__metadata__":{"NAME":"VALUE",..},"conv1.weight":{"dtype":"F32","shape":[16,3,3,3],
 *              "data_offsets":[0,1728]},..}, spaces up to a multiple of 8
 *     data     the tensors without a gap: our slab as it is */
#include "eval/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "eval/jobs.h"
#include "eval/scoring.h"
#include "eval/text.h"
#include "store/h5.h"
#include "store/run.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the slab is copied as it is");

void export_name(const struct tensor *tensor, char name[EXPORT_NAME_BYTES])
{
    snprintf(name, EXPORT_NAME_BYTES, "%s", tensor->name);
    *strchr(name, '/') = '.';
}

static void print_tensor(FILE *out, const struct tensor *tensor)
{
    char name[EXPORT_NAME_BYTES];
    export_name(tensor, name);
    fprintf(out, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", name);
    for (int i = 0; i < tensor->rank; i++)
        fprintf(out, "%s%lld", i ? "," : "", (long long)tensor->dims[i]);
    fprintf(out, "],\"data_offsets\":[%lld,%lld]}", (long long)tensor->offset * 4,
            (long long)(tensor->offset + tensor->count) * 4);
}

int safetensors_encode(const struct export *export, uint8_t **bytes, size_t *byte_count)
{
    char *header;
    size_t length, slab_bytes = (size_t) export->model->parameter_count * sizeof(float);
    FILE *out = open_memstream(&header, &length);
    if (!out)
        return text_finish(out, &header, "the safetensors header");
    fprintf(out, "{\"__metadata__\":{\"format\":\"pt\"");
    for (int i = 0; i < export->note_count; i++)
        fprintf(out, ",\"%s\":\"%s\"", export->notes[i].name, export->notes[i].value);
    fputc('}', out);
    for (int t = 0; t < export->model->tensor_count; t++)
        print_tensor(out, &export->model->tensors[t]);
    fputc('}', out);
    while (ftell(out) % 8)
        fputc(' ', out);
    TRY(text_finish(out, &header, "the safetensors header"));
    *byte_count = 8 + length + slab_bytes;
    *bytes = memory_zeroed(*byte_count, 1, "safetensors file");
    if (*bytes) {
        memcpy(*bytes, &(uint64_t){length}, 8);
        memcpy(*bytes + 8, header, length);
        memcpy(*bytes + 8 + length, export->parameters, slab_bytes);
    }
    free(header);
    return *bytes ? 0 : STATUS_FAILED;
}

static const struct format {
    const char *suffix;
    int (*encode)(const struct export *, uint8_t **, size_t *); /* NULL: not in this build */
} formats[] = {
#ifdef HAVE_ONNX
    {".onnx", onnx_encode},
#else
    {".onnx", NULL},
#endif
    {".safetensors", safetensors_encode},
};

static int choose_format(const char *path, const struct format **format)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t suffix = strlen(formats[i].suffix);
        *format = &formats[i];
        if (length <= suffix || strcasecmp(path + length - suffix, formats[i].suffix) != 0)
            continue;
        return formats[i].encode ? 0
                                 : fail(STATUS_FAILED,
                                        "%s: this build writes no .onnx; install libonnx-dev, "
                                        "protobuf-c-compiler, libprotobuf-c-dev and make again",
                                        path);
    }
    return fail(STATUS_USAGE, "--export %s: the name must end in .onnx or .safetensors", path);
}

static int export_network(const struct run *run, const struct settings *settings,
                          const struct format *format)
{
    const float *parameters;
    int size = run->image_size;
    char size_text[16];
    TRY(scoring_weights(run, settings->inputs[0], settings->weights, &parameters));
    snprintf(size_text, sizeof size_text, "%d", size);
    const struct export_note notes[] = {
        {"classes", "real,fake"},        {"positive_class", "fake"},
        {"weights", settings->weights},  {"image_size", size_text},
        {"channel_order", "RGB"},        {"resize", "pillow-bilinear"},
        {"run_checksum", run->checksum}, {"content_hash", run->content_hash},
    };
    const struct export export = {
        .model = &run->model,
        .parameters = parameters,
        .notes = notes,
        .note_count = sizeof notes / sizeof notes[0],
        .float_input = strcmp(settings->export_input, "float") == 0,
    };
    uint8_t *bytes;
    size_t byte_count;
    TRY(format->encode(&export, &bytes, &byte_count));
    int status = file_write_aside(settings->export_path, bytes, byte_count);
    free(bytes);
    if (status == 0)
        printf("%s: %lld parameters, weights %s, image size %d\n", settings->export_path,
               (long long)run->model.parameter_count, settings->weights, size);
    return status;
}

static int export_run(const struct settings *settings)
{
    const struct format *format;
    struct run *run;
    TRY(choose_format(settings->export_path, &format));
    if (file_same(settings->export_path, settings->inputs[0]))
        return fail(STATUS_USAGE, "--export %s: is the run itself", settings->export_path);
    TRY(h5_check_output(settings->export_path, NULL));
    TRY(run_read(&run, settings->inputs[0]));
    int status = export_network(run, settings, format);
    run_destroy(&run);
    return status;
}

int job_export(struct job *job)
{
    return comm_agree(job->comm, comm_rank(job->comm) == 0 ? export_run(job->settings) : 0);
}
