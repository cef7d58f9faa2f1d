// Copying what a sandbox wrote: contents of files, and extended attributes.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSpawn.h"

#include <errno.h>

#ifdef __linux__

#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

// Reads and writes in turn: where the kernel cannot copy between the two files itself.
static int copy_by_hand(int from, int to, off_t offset, off_t end) {
    static const size_t SIZE = 64 * 1024;
    char buffer[64 * 1024];
    while (offset < end) {
        size_t wanted = (size_t)(end - offset) < SIZE ? (size_t)(end - offset) : SIZE;
        ssize_t count = pread(from, buffer, wanted, offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        if (count == 0) return 0;
        for (ssize_t done = 0; done < count;) {
            ssize_t written = pwrite(to, buffer + done, (size_t)(count - done), offset + done);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return -errno;
            done += written;
        }
        offset += count;
    }
    return 0;
}

static int copy_range(int from, int to, off_t offset, off_t end) {
    while (offset < end) {
        off_t in = offset, out = offset;
        ssize_t count = copy_file_range(from, &in, to, &out, (size_t)(end - offset), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
            return copy_by_hand(from, to, offset, end);
        if (count < 0) return -errno;
        if (count == 0) return 0;  // the file became shorter meanwhile
        offset += count;
    }
    return 0;
}

// The first byte at or after `offset` that is no hole; `size` when there is none before.
static off_t next_data(int descriptor, off_t offset, off_t size) {
    off_t data = lseek(descriptor, offset, SEEK_DATA);
    if (data < 0) return errno == ENXIO ? size : offset;
    return data < size ? data : size;
}

// The first hole at or after `offset`, or `size`.
static off_t next_hole(int descriptor, off_t offset, off_t size) {
    off_t hole = lseek(descriptor, offset, SEEK_HOLE);
    return hole < 0 || hole > size ? size : hole;
}

int cspawn_copy_contents(int from, int to, off_t size, off_t most) {
    // What a file that grows has by then is shared as well: it is cut off.
    if (ioctl(to, FICLONE, from) == 0) return ftruncate(to, size) == 0 ? 1 : -errno;
    for (off_t offset = next_data(from, 0, size); offset < size;) {
        off_t end = next_hole(from, offset, size);
        if (end - offset > most) return -EFBIG;
        most -= end - offset;
        int code = copy_range(from, to, offset, end);
        if (code < 0) return code;
        offset = next_data(from, end, size);
    }
    return ftruncate(to, size) == 0 ? 0 : -errno;
}

// 1 when both have the same bytes from `offset` to `end`, 0 when not.
static int same_range(int left, int right, off_t offset, off_t end) {
    char one[64 * 1024], other[64 * 1024];
    while (offset < end) {
        size_t wanted = (size_t)(end - offset) < sizeof one ? (size_t)(end - offset) : sizeof one;
        ssize_t count = pread(left, one, wanted, offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        // One that became shorter meanwhile is another file.
        if (count == 0) return 0;
        for (ssize_t done = 0; done < count;) {
            ssize_t read = pread(right, other + done, (size_t)(count - done), offset + done);
            if (read < 0 && errno == EINTR) continue;
            if (read < 0) return -errno;
            if (read == 0) return 0;
            done += read;
        }
        if (memcmp(one, other, (size_t)count) != 0) return 0;
        offset += count;
    }
    return 1;
}

int cspawn_same_contents(int left, int right, off_t size) {
    off_t offset = 0;
    while (offset < size) {
        off_t one = next_data(left, offset, size), other = next_data(right, offset, size);
        // What is a hole in both is the same.
        offset = one < other ? one : other;
        if (offset == size) break;
        off_t end = next_hole(left, offset, size), second = next_hole(right, offset, size);
        if (second > end) end = second;
        int code = same_range(left, right, offset, end);
        if (code != 1) return code;
        offset = end;
    }
    return 1;
}

// Through /proc the parent is the very directory that is open, whatever was renamed since.
static int name_path(char *path, size_t size, int descriptor, const char *name) {
    int count = snprintf(path, size, "/proc/self/fd/%d/%s", descriptor, name);
    return count < 0 || (size_t)count >= size ? -ENAMETOOLONG : 0;
}

ssize_t cspawn_attribute_names(int descriptor, const char *name, char *buffer, size_t size) {
    ssize_t length;
    if (name == NULL) {
        length = flistxattr(descriptor, buffer, size);
    } else {
        char path[PATH_MAX];
        int code = name_path(path, sizeof path, descriptor, name);
        if (code < 0) return code;
        length = llistxattr(path, buffer, size);
    }
    return length < 0 ? -errno : length;
}

int cspawn_set_attribute(int descriptor, const char *name, const char *attribute, const void *value, size_t size) {
    int code;
    if (name == NULL) {
        code = fsetxattr(descriptor, attribute, value, size, 0);
    } else {
        char path[PATH_MAX];
        int failed = name_path(path, sizeof path, descriptor, name);
        if (failed < 0) return failed;
        code = lsetxattr(path, attribute, value, size, 0);
    }
    return code == 0 ? 0 : -errno;
}

#else  // Other systems: the client links this target but starts no sandbox.

int cspawn_copy_contents(int from, int to, off_t size, off_t most) {
    (void)from; (void)to; (void)size; (void)most;
    return -ENOSYS;
}
int cspawn_same_contents(int left, int right, off_t size) { (void)left; (void)right; (void)size; return -ENOSYS; }
ssize_t cspawn_attribute_names(int descriptor, const char *name, char *buffer, size_t size) {
    (void)descriptor; (void)name; (void)buffer; (void)size;
    return -ENOSYS;
}
int cspawn_set_attribute(int descriptor, const char *name, const char *attribute, const void *value, size_t size) {
    (void)descriptor; (void)name; (void)attribute; (void)value; (void)size;
    return -ENOSYS;
}

#endif
