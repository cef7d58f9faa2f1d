#include <stdio.h>

int main(void)
{
    printf("error: none of this is one; 0 errors, clean.c:3: all well\n");
    return 0;
}
