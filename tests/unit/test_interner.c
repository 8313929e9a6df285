#include <string.h>

#include "input/interner.h"
#include "tests/harness.h"

START_TEST(test_strings_are_numbered_by_first_appearance)
{
    struct interner interner = {0};
    char word[8] = "b";
    ck_assert_int_eq(interner_add(&interner, word), 0);
    strcpy(word, "a"); /* it was copied */
    ck_assert_int_eq(interner_add(&interner, word), 1);
    ck_assert_int_eq(interner_add(&interner, ""), 2);
    ck_assert_int_eq(interner_add(&interner, "b"), 0);
    ck_assert_int_eq(interner_add(&interner, ""), 2);
    ck_assert_int_eq(interner.count, 3);
    ck_assert_str_eq(interner.strings[0], "b");
    ck_assert_str_eq(interner.strings[1], "a");
    ck_assert_str_eq(interner.strings[2], "");
    interner_release(&interner);
    interner_release(&interner); /* an empty one too */
    ck_assert_int_eq(interner_add(&interner, "new"), 0);
    interner_release(&interner);
}
END_TEST

START_TEST(test_numbers_stay_while_the_table_grows)
{
    enum { STRINGS = 20000 };
    struct interner interner = {0};
    char name[32];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < STRINGS; i++) {
            snprintf(name, sizeof name, "real/v%d", i);
            ck_assert_int_eq(interner_add(&interner, name), i);
            ck_assert_str_eq(interner.strings[i], name);
            if (i % 7 == 0)
                ck_assert_int_eq(interner_add(&interner, interner.strings[i / 2]), i / 2);
        }
    ck_assert_int_eq(interner.count, STRINGS);
    interner_release(&interner);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_strings_are_numbered_by_first_appearance,
        test_numbers_stay_while_the_table_grows,
    };
    return HARNESS_RUN("interner", tests, 20);
}
