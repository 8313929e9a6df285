/* inspect_h5: what shell tests ask of an HDF5 file, without Python and without h5diff, which calls
 * files equal that hold different objects and numbers equal that hold different bits.
 *
 *   inspect_h5 equal A B [-x PREFIX]...   the same datasets, shapes, types and bits; but for
 *                                         datasets whose path begins with a PREFIX
 *   inspect_h5 near A B DATASET TOLERANCE every number within TOLERANCE, relative
 *   inspect_h5 print FILE OBJECT          one value per line of a dataset (/val/group), of a member
 *                                         of a compound one (/ledger:path), or an attribute
 * (/@seed)
 *
 * Exit codes: 0 yes, 1 no (the first difference is shown), 2 it cannot be told. */
#include <hdf5.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { YES = 0, NO = 1, UNKNOWN = 2 };

/* A dataset or attribute as it stands in the file. */
struct values {
    hid_t type;
    int rank;
    hsize_t dims[H5S_MAX_RANK];
    size_t count, bytes_each;
    unsigned char *bytes;
};

static int give_up(const char *file, const char *object)
{
    fprintf(stderr, "inspect_h5: %s: cannot read %s\n", file, object);
    return UNKNOWN;
}

static int differ(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    return NO;
}

static void values_release(struct values *v)
{
    if (v->type > 0)
        H5Tclose(v->type);
    free(v->bytes);
    memset(v, 0, sizeof *v);
}

/* Reads a dataset, or of a compound one only the member asked for. */
static int read_dataset(hid_t from, const char *member, struct values *v)
{
    hid_t whole = v->type;
    if (!member)
        return H5Dread(from, v->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, v->bytes) < 0 ? UNKNOWN : YES;
    int index = H5Tget_member_index(whole, member);
    v->type = index < 0 ? H5I_INVALID_HID : H5Tget_member_type(whole, (unsigned)index);
    H5Tclose(whole);
    if (v->type < 0)
        return UNKNOWN;
    v->bytes_each = H5Tget_size(v->type);
    hid_t alone = H5Tcreate(H5T_COMPOUND, v->bytes_each);
    H5Tinsert(alone, member, 0, v->type);
    herr_t done = H5Dread(from, alone, H5S_ALL, H5S_ALL, H5P_DEFAULT, v->bytes);
    H5Tclose(alone);
    return done < 0 ? UNKNOWN : YES;
}

static int read_values(hid_t from, int is_attribute, const char *member, struct values *v)
{
    hid_t space = is_attribute ? H5Aget_space(from) : H5Dget_space(from);
    v->type = is_attribute ? H5Aget_type(from) : H5Dget_type(from);
    v->rank = H5Sget_simple_extent_dims(space, v->dims, NULL);
    v->count = (size_t)H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    if (v->type < 0 || H5Tis_variable_str(v->type) > 0)
        return UNKNOWN;
    v->bytes_each = H5Tget_size(v->type);
    v->bytes = calloc(v->count + 1, v->bytes_each);
    if (!v->bytes)
        return UNKNOWN;
    if (is_attribute)
        return H5Aread(from, v->type, v->bytes) < 0 ? UNKNOWN : YES;
    return read_dataset(from, member, v);
}

/* "/train/labels", "/ledger:verdict" or "/@seed". */
static int load(hid_t file, const char *object, struct values *v)
{
    char path[512];
    snprintf(path, sizeof path, "%s", object);
    char *attribute = strchr(path, '@'), *member = strchr(path, ':');
    memset(v, 0, sizeof *v);
    if (attribute) {
        *attribute++ = '\0';
        hid_t from = H5Aopen_by_name(file, path, attribute, H5P_DEFAULT, H5P_DEFAULT);
        int outcome = from < 0 ? UNKNOWN : read_values(from, 1, NULL, v);
        H5Aclose(from);
        return outcome;
    }
    if (member)
        *member++ = '\0';
    hid_t from = H5Dopen2(file, path, H5P_DEFAULT);
    int outcome = from < 0 ? UNKNOWN : read_values(from, 0, member, v);
    H5Dclose(from);
    return outcome;
}

/* ---- equal ---- */

struct comparison {
    hid_t other;
    const char *this_name, *other_name;
    char **except;
    int except_count, existence_only, datasets;
};

static int compare_values(const struct comparison *c, const char *path, const struct values *a,
                          const struct values *b)
{
    if (H5Tequal(a->type, b->type) <= 0)
        return differ("%s: of another type\n", path);
    if (a->rank != b->rank || memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) != 0)
        return differ("%s: of another shape\n", path);
    for (size_t i = 0; i < a->count * a->bytes_each; i++)
        if (a->bytes[i] != b->bytes[i])
            return differ("%s: element %zu differs between %s and %s\n", path, i / a->bytes_each,
                          c->this_name, c->other_name);
    return YES;
}

static herr_t visit(hid_t file, const char *name, const H5O_info_t *info, void *context)
{
    struct comparison *c = context;
    char path[512];
    struct values a, b;
    snprintf(path, sizeof path, "/%s", name);
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    for (int i = 0; i < c->except_count; i++)
        if (strncmp(path, c->except[i], strlen(c->except[i])) == 0)
            return 0;
    c->datasets++;
    if (H5Lexists(c->other, path, H5P_DEFAULT) <= 0)
        return 1 + differ("%s: in %s only\n", path, c->this_name);
    if (c->existence_only)
        return 0;
    int outcome = load(file, path, &a) == YES ? YES : give_up(c->this_name, path);
    memset(&b, 0, sizeof b);
    if (outcome == YES)
        outcome = load(c->other, path, &b) == YES ? YES : give_up(c->other_name, path);
    if (outcome == YES)
        outcome = compare_values(c, path, &a, &b);
    values_release(&a);
    values_release(&b);
    return outcome == YES ? 0 : 1 + outcome;
}

static int equal(hid_t files[2], char **argv, int argc)
{
    char *except[16];
    struct comparison c = {.except = except};
    for (int i = 4; i + 1 < argc && strcmp(argv[i], "-x") == 0 && c.except_count < 16; i += 2)
        except[c.except_count++] = argv[i + 1];
    int found = 0;
    for (int side = 0; side < 2; side++) {
        c.other = files[1 - side];
        c.this_name = argv[2 + side];
        c.other_name = argv[3 - side];
        c.existence_only = side;
        c.datasets = 0;
        herr_t outcome =
            H5Ovisit2(files[side], H5_INDEX_NAME, H5_ITER_NATIVE, visit, &c, H5O_INFO_BASIC);
        if (outcome != 0)
            return outcome < 0 ? give_up(argv[2 + side], "/") : outcome - 1;
        found += c.datasets;
    }
    /* Two empty files are equal, but nobody asks that. */
    return found > 0 ? YES : give_up(argv[2], "any dataset");
}

/* ---- near ---- */

static double number_at(const struct values *v, size_t index)
{
    unsigned char wide[64] = {0};
    double number = NAN;
    memcpy(wide, v->bytes + index * v->bytes_each, v->bytes_each < 64 ? v->bytes_each : 64);
    if (H5Tconvert(v->type, H5T_NATIVE_DOUBLE, 1, wide, NULL, H5P_DEFAULT) >= 0)
        memcpy(&number, wide, sizeof number);
    return number;
}

static int near(hid_t files[2], char **argv)
{
    struct values a, b;
    double tolerance = strtod(argv[5], NULL);
    int outcome = load(files[0], argv[4], &a) == YES ? YES : give_up(argv[2], argv[4]);
    memset(&b, 0, sizeof b);
    if (outcome == YES)
        outcome = load(files[1], argv[4], &b) == YES ? YES : give_up(argv[3], argv[4]);
    if (outcome == YES && (a.count != b.count || a.count == 0))
        outcome = differ("%s: %zu and %zu values\n", argv[4], a.count, b.count);
    for (size_t i = 0; outcome == YES && i < a.count; i++) {
        double x = number_at(&a, i), y = number_at(&b, i);
        if (!(fabs(x - y) <= tolerance * fabs(x)))
            outcome = differ("%s[%zu]: %.9g and %.9g\n", argv[4], i, x, y);
    }
    values_release(&a);
    values_release(&b);
    return outcome;
}

/* ---- print ---- */

/* A name may hold a newline: shown as '?', so that lines can be counted. */
static void print_line(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes && text[i]; i++)
        putchar((unsigned char)text[i] < ' ' ? '?' : text[i]);
    putchar('\n');
}

static int print(hid_t file, const char *name, const char *object)
{
    struct values v;
    if (load(file, object, &v) != YES)
        return give_up(name, object);
    int text = H5Tdetect_class(v.type, H5T_STRING) > 0, real = H5Tget_class(v.type) == H5T_FLOAT;
    for (size_t i = 0; i < v.count; i++) {
        const char *bytes = (char *)v.bytes + i * v.bytes_each;
        if (text)
            print_line(bytes, v.bytes_each);
        else
            printf("%.*g\n", real ? 17 : 20, number_at(&v, i));
    }
    values_release(&v);
    return YES;
}

int main(int argc, char **argv)
{
    int pair = argc > 3 && strcmp(argv[1], "print") != 0;
    hid_t files[2] = {H5I_INVALID_HID, H5I_INVALID_HID};
    int wanted = !pair                           ? argc == 4
                 : strcmp(argv[1], "equal") == 0 ? argc % 2 == 0
                                                 : argc == 6 && strcmp(argv[1], "near") == 0;
    if (!wanted) {
        fprintf(stderr, "usage: inspect_h5 equal A B [-x PREFIX]... | near A B DATASET TOLERANCE | "
                        "print FILE OBJECT\n");
        return UNKNOWN;
    }
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    for (int i = 0; i <= pair; i++)
        if ((files[i] = H5Fopen(argv[2 + i], H5F_ACC_RDONLY, H5P_DEFAULT)) < 0)
            return give_up(argv[2 + i], "it");
    int outcome = !pair                           ? print(files[0], argv[2], argv[3])
                  : strcmp(argv[1], "equal") == 0 ? equal(files, argv, argc)
                                                  : near(files, argv);
    for (int i = 0; i <= pair; i++)
        H5Fclose(files[i]);
    return outcome;
}
