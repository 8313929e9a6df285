/* What oneDNN makes of our convolutions. (That the engine computes right: test_engine.) */
#include <string.h>

#include "engine/cpu.h"
#include "tests/harness.h"

/* Opens the network "first,second" and asks for the name of what computes each convolution. */
static void check_implementations(int first, int second)
{
    char channels[32];
    struct model model;
    struct slabs slabs;
    struct cpu_ops ops = {0};
    snprintf(channels, sizeof channels, "%d,%d", first, second);
    ck_assert_ok(model_build(&model, 32, channels));
    ck_assert_ok(slabs_create(&slabs, model.parameter_count));
    ck_assert_ok(cpu_ops_open(&ops, &model, &slabs));
    for (int i = 0; i < ops.count; i++)
        if (ops.list[i].table == &cpu_conv) {
            const char *name = cpu_conv_implementation(&ops.list[i]);
            ck_assert_msg(name[0] && !strstr(name, "ref"), "channels %s: %s", channels, name);
        }
    cpu_ops_close(&ops);
    slabs_destroy(&slabs);
}

/* oneDNN's reference loops are hundreds of times slower than its others. */
START_TEST(test_no_channel_count_falls_to_reference_loops)
{
#ifndef __x86_64__
    printf("SKIP: oneDNN's loops are known on x86-64 alone\n");
    return;
#endif
    for (int c = 1; c <= 64; c++)
        for (int next = 1; next <= 64; next += 9) /* every remainder of 8 */
            check_implementations(c, next);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {test_no_channel_count_falls_to_reference_loops};
    return HARNESS_RUN("cpu", tests, 60);
}
