#include <stdlib.h>
#include <string.h>

int *broken(int count)
{
    int *numbers = malloc(10 * sizeof(int));
    numbers[10] = 0; /* PLANTED(cppcheck) error arrayIndexOutOfBounds */
    if (count > 3)
        return 0; /* PLANTED(cppcheck) error memleak PLANTED(clang-tidy) warning clang-analyzer-unix.Malloc */
    free(numbers);
    return numbers; /* PLANTED(cppcheck) error deallocret PLANTED(clang-tidy) warning clang-analyzer-unix.Malloc */
}

int divide(int value)
{
    int zero = 0;
    return value / zero; /* PLANTED(cppcheck) error zerodiv PLANTED(clang-tidy) warning clang-analyzer-core.DivideZero */
}

int parse(const char *text)
{
    int never_set; /* PLANTED(cppcheck) information unassignedVariable */
    if (atoi(text)) /* PLANTED(clang-tidy) warning cert-err34-c */
        return strlen(text) == strlen(text); /* PLANTED(cppcheck) information duplicateExpression PLANTED(clang-tidy) warning misc-redundant-expression */
    return never_set; /* PLANTED(cppcheck) error uninitvar PLANTED(clang-tidy) warning clang-analyzer-core.uninitialized.UndefReturn */
}
