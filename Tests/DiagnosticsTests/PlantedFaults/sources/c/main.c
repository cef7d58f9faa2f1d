#include <stdio.h>
#include "shape.h"

static int never_called(void) { return 1; } /* PLANTED(gcc) warning never_called */

int area(int width, int height)
{
    int unused_total; /* PLANTED(gcc) warning unused_total */
    char *name = 5; /* PLANTED(gcc) warning -Wint-conversion PLANTED(clang) error incompatible integer */
    printf("%d\n", "text"); /* PLANTED(gcc) warning -Wformat= PLANTED(clang) warning format specifies */
    if (width = height) /* PLANTED(gcc) warning -Wparentheses PLANTED(clang) warning without parentheses */
        return undeclared_one; /* PLANTED(gcc,clang) error undeclared_one */
    puts(name);
    return width
        + height
        + undeclared_two; /* PLANTED(gcc,clang) error undeclared_two */
} /* PLANTED(gcc) warning -Wreturn-type */
