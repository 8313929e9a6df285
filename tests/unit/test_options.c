#include <string.h>

#include "base/options.h"
#include "tests/harness.h"

static struct {
    int fresh, epochs;
    uint64_t seed;
    double rate;
    const char *output, *shuffle;
} got;

static const struct option options[] = {
    {"output", 'o', OPTION_TEXT, &got.output, NULL, 0, 0, NULL, "FILE", "the run to make", 0},
    {"epochs", 'e', OPTION_INTEGER, &got.epochs, "10", 0, 1000, NULL, "N", "epochs in all", 0},
    {"learning-rate", 0, OPTION_REAL, &got.rate, "0.001", 0, 10, NULL, "F", "of RMSprop", 1},
    {"seed", 0, OPTION_SEED, &got.seed, "0", 0, 0, NULL, "N", "decides the order", 1},
    {"shuffle", 0, OPTION_TEXT, &got.shuffle, "on", 0, 0, "on|off", NULL, "a new order", 1},
    {"fresh", 'f', OPTION_FLAG, &got.fresh, NULL, 0, 0, NULL, NULL, "begin again", 0},
};

static const struct command command = {
    .program = "unmask-test",
    .summary = "Tries its options.",
    .usage = "STORE [options]",
    .notes = "The closing words.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

enum { WORDS_MAX = 16, ARGUMENTS_MAX = 2 };

static const char *arguments[ARGUMENTS_MAX];
static int argument_count;

/* Parses the words of a line (cut at blanks; "''" is an empty word). */
static int parse(const char *line)
{
    static char text[1024];
    static char program[] = "unmask-test";
    char *argv[WORDS_MAX] = {program}, *at = text, *word;
    int argc = 1;
    snprintf(text, sizeof text, "%s", line);
    while ((word = strsep(&at, " ")))
        if (*word)
            argv[argc++] = strcmp(word, "''") ? word : word + 2;
    return options_parse(&command, argc, argv, arguments, ARGUMENTS_MAX, &argument_count);
}

static void refuses(const char *line, const char *words)
{
    ck_assert_msg(parse(line) == STATUS_USAGE, "accepted: %s", line);
    ck_assert_msg(strstr(fail_message(), words) != NULL, "%s: says '%s', not '%s'", line,
                  fail_message(), words);
}

START_TEST(test_defaults_are_what_the_rows_say)
{
    got.epochs = got.fresh = 99;
    got.output = "left over";
    ck_assert_int_eq(parse(""), OPTIONS_RUN);
    ck_assert_int_eq(got.epochs, 10);
    ck_assert(got.rate == 0.001);
    ck_assert_uint_eq(got.seed, 0);
    ck_assert_str_eq(got.shuffle, "on");
    ck_assert_int_eq(got.fresh, 0);
    ck_assert_ptr_null(got.output);
    ck_assert_int_eq(argument_count, 0);
}
END_TEST

START_TEST(test_a_value_may_follow_a_blank_an_equals_sign_or_a_letter)
{
    ck_assert_int_eq(parse("--epochs 3 --learning-rate=0.5 -oa.h5 -f store.h5"), OPTIONS_RUN);
    ck_assert_int_eq(got.epochs, 3);
    ck_assert(got.rate == 0.5);
    ck_assert_str_eq(got.output, "a.h5");
    ck_assert_int_eq(got.fresh, 1);
    ck_assert_int_eq(argument_count, 1);
    ck_assert_str_eq(arguments[0], "store.h5");
    ck_assert_int_eq(parse("-o b=c.h5 -e7 --shuffle=off"), OPTIONS_RUN);
    ck_assert_str_eq(got.output, "b=c.h5");
    ck_assert_int_eq(got.epochs, 7);
    ck_assert_str_eq(got.shuffle, "off");
    ck_assert_int_eq(parse("--output=x=y --epochs 1 --epochs 2"), OPTIONS_RUN);
    ck_assert_str_eq(got.output, "x=y");
    ck_assert_int_eq(got.epochs, 2); /* the last one counts */
}
END_TEST

START_TEST(test_two_dashes_end_the_options)
{
    ck_assert_int_eq(parse("-- --help -x"), OPTIONS_RUN);
    ck_assert_int_eq(argument_count, 2);
    ck_assert_str_eq(arguments[0], "--help");
    ck_assert_str_eq(arguments[1], "-x");
    ck_assert_int_eq(parse("-"), OPTIONS_RUN); /* a single dash is an argument */
    ck_assert_str_eq(arguments[0], "-");
    refuses("a b c", "too many arguments: c");
}
END_TEST

START_TEST(test_numbers_outside_their_range_are_refused)
{
    ck_assert_int_eq(parse("--epochs 0 --learning-rate 10"), OPTIONS_RUN); /* bounds belong to it */
    ck_assert_int_eq(parse("--epochs 1000 --learning-rate 0"), OPTIONS_RUN);
    refuses("--epochs 1001", "--epochs 1001: must be a number from 0 to 1000");
    refuses("--epochs -1", "from 0 to 1000");
    refuses("--epochs 4294967297", "from 0 to 1000"); /* 1 when cut to 32 bits */
    refuses("--epochs 99999999999999999999", "from 0 to 1000");
    refuses("--learning-rate 10.5", "from 0 to 10");
    refuses("--learning-rate -1e-300", "from 0 to 10");
    refuses("--learning-rate nan", "from 0 to 10");
    refuses("--learning-rate inf", "from 0 to 10");
    refuses("--learning-rate 1e999", "from 0 to 10");
}
END_TEST

START_TEST(test_what_is_no_number_is_refused)
{
    static const char *const bad[] = {"ten", "1x", "1.5", "0x10", "1e1", "''"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "--epochs %s", bad[i]);
        refuses(line, "must be a number");
    }
    refuses("--learning-rate 0,5", "must be a number");
    refuses("--learning-rate=", "must be a number");
}
END_TEST

START_TEST(test_a_seed_is_any_64_bit_number)
{
    ck_assert_int_eq(parse("--seed 18446744073709551615"), OPTIONS_RUN);
    ck_assert_uint_eq(got.seed, UINT64_MAX);
    refuses("--seed 18446744073709551616", "0 to 2^64 - 1");
    refuses("--seed -1", "0 to 2^64 - 1");
    refuses("--seed 1.0", "0 to 2^64 - 1");
    refuses("--seed ''", "0 to 2^64 - 1");
}
END_TEST

START_TEST(test_a_choice_is_a_whole_word_of_its_list)
{
    ck_assert_int_eq(parse("--shuffle off"), OPTIONS_RUN);
    static const char *const bad[] = {"o", "of", "offf", "on|off", "n", "ON", "''", "|"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "--shuffle %s", bad[i]);
        refuses(line, "must be one of on|off");
    }
}
END_TEST

START_TEST(test_a_missing_value_is_named)
{
    refuses("--epochs", "--epochs: its value N is missing");
    refuses("-o", "-o: its value FILE is missing");
    refuses("--shuffle", "--shuffle: its value on|off is missing");
    refuses("--output=", "the value is empty");
    refuses("--fresh=1", "--fresh takes no value");
    refuses("-fx", "--fresh takes no value");
}
END_TEST

START_TEST(test_an_unknown_option_suggests_the_known_one)
{
    refuses("--epoch 3", "did you mean --epochs?");
    refuses("--epoch=3", "did you mean --epochs?");
    refuses("--epochss 3", "did you mean --epochs?");
    refuses("--learning_rate 1", "did you mean --learning-rate?");
    refuses("--learning_rate=1", "did you mean --learning-rate?");
    refuses("-epochs", "--epochs pochs: must be"); /* -e with a value, as everywhere */
    refuses("--nonsense", "unknown option --nonsense; see unmask-test --help");
    refuses("--x=5", "unknown option --x=5; see");
    refuses("-q", "unknown option -q; see");
    refuses("--=", "unknown option --=");
}
END_TEST

START_TEST(test_help_and_version_win_over_what_follows)
{
    ck_assert_int_eq(parse("--help --nonsense"), OPTIONS_HELP);
    ck_assert_int_eq(parse("a --version"), OPTIONS_VERSION);
    refuses("--nonsense --help", "unknown option");
    ck_assert_int_eq(parse("-o --help"), OPTIONS_RUN); /* a value may look like an option */
    ck_assert_str_eq(got.output, "--help");
}
END_TEST

START_TEST(test_help_names_every_option_with_its_value_default_and_meaning)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    options_print_help(&command, stream);
    fclose(stream);
    static const char *const lines[] = {
        "Tries its options.\n\nUsage: unmask-test STORE [options]\n",
        "  -o, --output FILE                  the run to make\n",
        "  -e, --epochs N                     epochs in all [10]\n",
        "      --learning-rate F              of RMSprop [0.001]\n",
        "      --shuffle on|off               a new order [on]\n",
        "  -f, --fresh                        begin again\n",
        "      --help                         print this and exit\n",
        "      --version                      print the version and exit\n",
        "\nThe closing words.\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_msg(strstr(text, lines[i]) != NULL, "missing: %s\nin:\n%s", lines[i], text);
    free(text);
}
END_TEST

START_TEST(test_echo_is_a_command_line_that_gives_the_same_values)
{
    char line[1024], again[1024];
    ck_assert_int_eq(parse("--learning-rate 0.1 --fresh -o a.h5 --seed 18446744073709551615"), 0);
    options_echo(&command, line, sizeof line);
    ck_assert_str_eq(line, "--output a.h5 --epochs 10 --learning-rate 0.1 "
                           "--seed 18446744073709551615 --shuffle on --fresh");
    ck_assert_int_eq(parse(line), OPTIONS_RUN);
    options_echo(&command, again, sizeof again);
    ck_assert_str_eq(line, again);
    ck_assert_int_eq(parse(""), OPTIONS_RUN);
    options_echo(&command, line, sizeof line);
    ck_assert_str_eq(line, "--epochs 10 --learning-rate 0.001 --seed 0 --shuffle on");
    for (size_t bytes = 1; bytes < 40; bytes++) { /* cut, never written past its end */
        memset(again, '#', sizeof again);
        options_echo(&command, again, bytes);
        ck_assert_uint_lt(strlen(again), bytes);
        ck_assert_int_eq(again[bytes], '#');
    }
}
END_TEST

START_TEST(test_a_formatted_real_reads_back_as_the_same_bits)
{
    static const double values[] = {0.1, 1.0 / 3, 0.001, 1e-5, 9.99999999999999, 0.1234567, 3};
    char text[64];
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        got.rate = values[i];
        options_format(&options[2], text, sizeof text);
        ck_assert_msg(strtod(text, NULL) == values[i], "%s", text);
    }
    got.rate = 1e-5;
    options_format(&options[2], text, sizeof text);
    ck_assert_str_eq(text, "1e-05");
}
END_TEST

START_TEST(test_bytes_take_binary_units)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"0", 0},
                {"500000", 500000},
                {"64K", 65536},
                {"512M", 512 << 20},
                {"2G", UINT64_C(2) << 30},
                {"1T", UINT64_C(1) << 40},
                {"0.5K", 512}};
    static const char *const bad[] = {"",    "K",   "-1",  "1KB",   "1 K",
                                      "12X", "nan", "inf", "1e30T", "9e18"};
    uint64_t bytes;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_ok(options_bytes("memory", good[i].text, &bytes));
        ck_assert_uint_eq(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(options_bytes("memory", bad[i], &bytes) == STATUS_USAGE, "'%s'", bad[i]);
    ck_assert_ptr_nonnull(strstr(fail_message(), "--memory 9e18: must be bytes"));
}
END_TEST

START_TEST(test_an_allowance_is_a_count_or_a_share_rounded_down)
{
    static const struct {
        const char *text;
        int64_t total, allowed;
    } good[] = {{"12", 5, 12},
                {"0", 100, 0},
                {"1%", 5096, 50},
                {"0%", 5096, 0},
                {"100%", 5096, 5096},
                {"1%", 99, 0},
                {"0.5%", 1000, 5},
                {"29%", 100, 29},
                {"7%", 100, 7},
                {"0.57%", 10000, 57},
                {"1%", INT64_C(1) << 40, (INT64_C(1) << 40) / 100}};
    static const char *const bad[] = {"",    "%", "-1",  "101%", "-1%", "1%%",
                                      "1 %", "x", "nan", "inf",  "1e16"};
    int64_t allowed;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_ok(options_allowance("max-bad", good[i].text, good[i].total, &allowed));
        ck_assert_msg(allowed == good[i].allowed, "%s of %lld", good[i].text,
                      (long long)good[i].total);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(options_allowance("max-bad", bad[i], 100, &allowed) == STATUS_USAGE, "'%s'",
                      bad[i]);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_defaults_are_what_the_rows_say,
        test_a_value_may_follow_a_blank_an_equals_sign_or_a_letter,
        test_two_dashes_end_the_options,
        test_numbers_outside_their_range_are_refused,
        test_what_is_no_number_is_refused,
        test_a_seed_is_any_64_bit_number,
        test_a_choice_is_a_whole_word_of_its_list,
        test_a_missing_value_is_named,
        test_an_unknown_option_suggests_the_known_one,
        test_help_and_version_win_over_what_follows,
        test_help_names_every_option_with_its_value_default_and_meaning,
        test_echo_is_a_command_line_that_gives_the_same_values,
        test_a_formatted_real_reads_back_as_the_same_bits,
        test_bytes_take_binary_units,
        test_an_allowance_is_a_count_or_a_share_rounded_down,
    };
    return HARNESS_RUN("options", tests, 30);
}
