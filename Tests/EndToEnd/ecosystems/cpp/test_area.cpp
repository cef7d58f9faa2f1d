#include "area.h"

#include <cstdio>

static int failures = 0;

#define EXPECT_EQUAL(wanted, got)                                                                                  \
    do {                                                                                                           \
        const double value = (got);                                                                                \
        if (value != (wanted)) {                                                                                   \
            std::printf("%s:%d: error: expected %g, got %g\n", __FILE__, __LINE__, double(wanted), value);         \
            failures++;                                                                                            \
        }                                                                                                          \
    } while (0)

int main()
{
    EXPECT_EQUAL(6, rectangle(2, 3));
    EXPECT_EQUAL(3, triangle(2, 3));
    return failures != 0;
}
