/* A walk along the markers of a JPEG file, up to its first scan.
 *
 *     FF D8 | FF marker length(2, big endian, itself included) body | FF marker ... | FF DA scan
 *
 * libjpeg could tell most of this, but not for the files that it refuses. */
#include "image/facts.h"

#include <stdio.h>
#include <string.h>

enum marker { SOF0 = 0xc0, DHT = 0xc4, SOF15 = 0xcf, JPG = 0xc8, DAC = 0xcc, RST0 = 0xd0 };
enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, DQT = 0xdb, APP1 = 0xe1, TEM = 0x01 };

#define MAX_COMPONENTS 4
#define ORIENTATION    0x0112 /* the TIFF tag */

/* A stretch of bytes and how to read numbers from it; reading past the end gives 0. */
struct span {
    const uint8_t *bytes;
    size_t count;
    bool little_endian;
};

struct header {
    int component_count;
    uint8_t sampling[MAX_COMPONENTS]; /* horizontal factor in the high, vertical in the low half */
    uint8_t table[MAX_COMPONENTS];
    struct quantisation quantisation[4];
};

static unsigned span_u8(struct span span, size_t at)
{
    return at < span.count ? span.bytes[at] : 0;
}

static unsigned span_u16(struct span span, size_t at)
{
    unsigned a = span_u8(span, at), b = span_u8(span, at + 1);
    return span.little_endian ? b << 8 | a : a << 8 | b;
}

static uint32_t span_u32(struct span span, size_t at)
{
    uint32_t a = span_u16(span, at), b = span_u16(span, at + 2);
    return span.little_endian ? b << 16 | a : a << 16 | b;
}

static struct span span_from(struct span span, size_t at)
{
    size_t skipped = at < span.count ? at : span.count;
    return (struct span){span.bytes + skipped, span.count - skipped, span.little_endian};
}

/* ---- foreign formats --------------------------------------------------------------------------*/

static const struct signature {
    const char *magic, *name;
    int length, offset;
} signatures[] = {
    {"\x89PNG", "a PNG file", 4, 0},
    {"GIF8", "a GIF file", 4, 0},
    {"BM", "a BMP file", 2, 0},
    {"WEBP", "a WebP file", 4, 8},
    {"II*\0", "a TIFF file", 4, 0},
    {"MM\0*", "a TIFF file", 4, 0},
    {"\0\0\0\x0cjP  ", "a JPEG 2000 file", 8, 0},
    {"\xff\x4f\xff\x51", "a JPEG 2000 codestream", 4, 0},
    {"\0\0\0\x0cJXL ", "a JPEG XL file", 8, 0},
    {"\xff\x0a", "a JPEG XL codestream", 2, 0},
    {"ftypavi", "an AVIF file", 7, 4},
    {"ftyphei", "a HEIF file", 7, 4},
    {"ftypmif1", "a HEIF file", 8, 4},
    {"ftyp", "an MP4 or QuickTime file", 4, 4},
    {"AVI ", "an AVI file", 4, 8},
    {"\x1a\x45\xdf\xa3", "a Matroska or WebM file", 4, 0},
    {"8BPS", "a Photoshop file", 4, 0},
    {"\0\0\1\0", "an icon file", 4, 0},
    {"%PDF", "a PDF file", 4, 0},
    {"\x89HDF", "an HDF5 file", 4, 0},
    {"PK\3\4", "a zip archive", 4, 0},
    {"\x1f\x8b", "a gzip file", 2, 0},
    {"<", "HTML, SVG or XML text", 1, 0},
    {"version https://git-lfs", "a Git LFS pointer", 23, 0},
};

bool facts_begin_jpeg(const uint8_t *bytes, size_t byte_count)
{
    return byte_count >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
}

void facts_name_foreign(const uint8_t *bytes, size_t byte_count, char *reason, size_t reason_bytes)
{
    if (byte_count == 0) {
        snprintf(reason, reason_bytes, "empty file");
        return;
    }
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        const struct signature *s = &signatures[i];
        if (byte_count >= (size_t)(s->offset + s->length) &&
            memcmp(bytes + s->offset, s->magic, (size_t)s->length) == 0) {
            snprintf(reason, reason_bytes, "%s, not a JPEG", s->name);
            return;
        }
    }
    snprintf(reason, reason_bytes, "not a JPEG: it does not begin with FF D8 FF");
}

/* ---- the segments -----------------------------------------------------------------------------*/

/* precision(1) height(2) width(2) components(1), then identifier, sampling, table of each. */
static void read_frame(struct span body, struct header *header, struct image_facts *facts)
{
    facts->height = (int)span_u16(body, 1);
    facts->width = (int)span_u16(body, 3);
    header->component_count = (int)span_u8(body, 5);
    for (int i = 0; i < header->component_count && i < MAX_COMPONENTS; i++) {
        header->sampling[i] = (uint8_t)span_u8(body, 7 + 3 * (size_t)i);
        header->table[i] = (uint8_t)span_u8(body, 8 + 3 * (size_t)i);
    }
}

/* Any number of: precision and slot (4 bits each), then 64 steps of 1 or 2 bytes. */
static void read_quantisation(struct span body, struct header *header)
{
    while (body.count > 0) {
        unsigned slot = span_u8(body, 0) & 15;
        bool wide = span_u8(body, 0) >> 4;
        size_t table_bytes = wide ? 129 : 65;
        if (slot > 3 || body.count < table_bytes)
            return;
        struct quantisation *table = &header->quantisation[slot];
        table->present = true;
        table->wide = wide;
        for (size_t i = 0; i < 64; i++)
            table->steps[i] = (uint16_t)(wide ? span_u16(body, 1 + 2 * i) : span_u8(body, 1 + i));
        body = span_from(body, table_bytes);
    }
}

/* "Exif\0\0", then a TIFF header (byte order, 42, offset of the first directory); a directory is a
 * count and entries of tag(2) type(2) count(4) value(4). */
static void read_exif(struct span body, struct image_facts *facts)
{
    if (body.count < 6 || memcmp(body.bytes, "Exif\0", 5) != 0)
        return;
    facts->exif = 1;
    struct span tiff = span_from(body, 6);
    tiff.little_endian = span_u8(tiff, 0) == 'I';
    if (span_u16(tiff, 2) != 42)
        return;
    size_t directory = span_u32(tiff, 4);
    unsigned entry_count = span_u16(tiff, directory);
    for (unsigned i = 0; i < entry_count; i++) {
        size_t entry = directory + 2 + 12 * (size_t)i;
        if (entry >= tiff.count)
            return;
        if (span_u16(tiff, entry) != ORIENTATION)
            continue;
        bool is_long = span_u16(tiff, entry + 2) == 4;
        uint32_t value = is_long ? span_u32(tiff, entry + 8) : span_u16(tiff, entry + 8);
        facts->orientation = value >= 1 && value <= 8 ? (int)value : 0;
        return;
    }
}

static bool is_frame(unsigned marker)
{
    return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
}

static void walk_segments(struct span file, struct header *header, struct image_facts *facts)
{
    size_t at = 2;
    while (at + 4 <= file.count) {
        unsigned marker = file.bytes[at + 1];
        if (file.bytes[at] != 0xff || marker == 0xff || marker == 0) {
            at++; /* junk or padding between segments */
            continue;
        }
        if (marker == SOS || marker == EOI)
            return;
        if (marker == TEM || (marker >= RST0 && marker <= SOI)) {
            at += 2; /* these stand alone */
            continue;
        }
        size_t length = span_u16(file, at + 2);
        struct span body = span_from(file, at + 4);
        if (length < 2)
            return;
        if (body.count > length - 2)
            body.count = length - 2;
        if (is_frame(marker))
            read_frame(body, header, facts);
        else if (marker == DQT)
            read_quantisation(body, header);
        else if (marker == APP1 && facts->orientation == 0)
            read_exif(body, facts);
        at += 2 + length;
    }
}

/* ---- conclusions ------------------------------------------------------------------------------*/

/* J:a:b names exist when the second and third component have equal factors that divide the first's
 * (a fourth, black, follows the first); else the factors themselves, "22,12,11". */
static void name_subsampling(const struct header *header, char *name, size_t name_bytes)
{
    static const struct {
        int horizontal, vertical;
        const char *name;
    } known[] = {{1, 1, "4:4:4"}, {2, 1, "4:2:2"}, {2, 2, "4:2:0"},
                 {1, 2, "4:4:0"}, {4, 1, "4:1:1"}, {4, 2, "4:1:0"}};
    const uint8_t *s = header->sampling;
    int count = header->component_count;
    if (count == 1)
        snprintf(name, name_bytes, "grey");
    if (count < 3 || count > MAX_COMPONENTS)
        return;
    snprintf(name, name_bytes, "%02x,%02x,%02x", s[0], s[1], s[2]);
    if (count == 4)
        snprintf(name, name_bytes, "%02x,%02x,%02x,%02x", s[0], s[1], s[2], s[3]);
    if (s[1] != s[2] || (count == 4 && s[3] != s[0]))
        return;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (s[0] >> 4 == known[i].horizontal * (s[1] >> 4) &&
            (s[0] & 15) == known[i].vertical * (s[1] & 15) && s[1] >> 4 && s[1] & 15)
            snprintf(name, name_bytes, "%s", known[i].name);
}

static int estimate_quality(const struct header *header)
{
    unsigned first = header->table[0], second = header->table[1];
    if (header->component_count == 0 || first > 3 || !header->quantisation[first].present)
        return 0;
    bool has_chroma = header->component_count >= 3 && second != first && second <= 3 &&
                      header->quantisation[second].present;
    return quality_estimate(&header->quantisation[first],
                            has_chroma ? &header->quantisation[second] : NULL);
}

void facts_read(const uint8_t *bytes, size_t byte_count, struct image_facts *facts)
{
    struct header header = {0};
    walk_segments((struct span){bytes, byte_count, false}, &header, facts);
    name_subsampling(&header, facts->subsampling, sizeof facts->subsampling);
    facts->quality = estimate_quality(&header);
}
