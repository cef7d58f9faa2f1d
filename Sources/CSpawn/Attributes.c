// Extended attributes of what a sandbox wrote.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSpawn.h"

#include <errno.h>

#ifdef __linux__

#include <sys/xattr.h>

int cspawn_remove_attribute(int descriptor, const char *attribute) {
    if (fremovexattr(descriptor, attribute) == 0 || errno == ENODATA) return 0;
    return -errno;
}

#else

int cspawn_remove_attribute(int descriptor, const char *attribute) {
    (void)descriptor; (void)attribute;
    return -ENOSYS;
}

#endif
