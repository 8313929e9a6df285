/* A safetensors file:
 *
 *     uint64   bytes of the header
 *     header {"__metadata__":{"NAME":"VALUE",..},"conv1.weight":{"dtype":"F32","shape":[16,3,3,3],
 *              "data_offsets":[0,1728]},..}, spaces up to a multiple of 8
 *     data     the tensors without a gap: our slab as it is */
#include "eval/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

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
    char *header = NULL;
    size_t length = 0, slab_bytes = (size_t) export->model->parameter_count * sizeof(float);
    FILE *out = open_memstream(&header, &length);
    if (!out)
        return fail(STATUS_FAILED, "out of memory: safetensors header");
    fprintf(out, "{\"__metadata__\":{\"format\":\"pt\"");
    for (int i = 0; i < export->note_count; i++)
        fprintf(out, ",\"%s\":\"%s\"", export->notes[i].name, export->notes[i].value);
    fputc('}', out);
    for (int t = 0; t < export->model->tensor_count; t++)
        print_tensor(out, &export->model->tensors[t]);
    fputc('}', out);
    while (ftell(out) % 8)
        fputc(' ', out);
    int complete = !ferror(out);
    if (fclose(out) != 0 || !complete) {
        free(header);
        return fail(STATUS_FAILED, "out of memory: safetensors header");
    }
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
