#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    const char *name = count > 1 ? arguments[1] : "";
    if (!strcmp(name, "subtracts")) {
        printf("%s:%d: error: 2 - 1 is 3, not 1\n", __FILE__, __LINE__); /* PLANTED(ctest) error 2 - 1 is 3 PLANTED(ctest-junit) error subtracts */
        return 1; /* PLANTED@none(ctest,ctest-names) error subtracts */
    }
    if (!strcmp(name, "divides"))
        raise(SIGFPE); /* PLANTED@none(ctest,ctest-names,ctest-junit) error divides */
    if (!strcmp(name, "aborts"))
        abort(); /* PLANTED@none(ctest,ctest-names,ctest-junit) error aborts */
    if (!strcmp(name, "hangs"))
        sleep(30); /* PLANTED@none(ctest,ctest-names,ctest-junit) error hangs */
    return !strcmp(name, "skips") ? 77 : 0;
}
