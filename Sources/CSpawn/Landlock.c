// Landlock: a second boundary around files, drawn by paths and not by mounts, and kept by other code of the kernel.
//
// What it holds even if a mount were wrong or a descriptor leaked: nothing outside the sandbox's own tree is read, nothing
// outside a few directories is written, no device is made, and neither signals nor abstract socket names leave the sandbox.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSpawn.h"

#include <errno.h>

#ifdef __linux__

#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's interface in full: headers of older systems lack parts of it. The numbers are those of every processor.
#define CREATE_RULESET 444
#define ADD_RULE 445
#define RESTRICT_SELF 446
#define ONLY_VERSION 1u
#define RULE_PATH_BENEATH 1

#define EXECUTE (UINT64_C(1) << 0)
#define WRITE_FILE (UINT64_C(1) << 1)
#define READ_FILE (UINT64_C(1) << 2)
#define READ_DIR (UINT64_C(1) << 3)
#define REMOVE_DIR (UINT64_C(1) << 4)
#define REMOVE_FILE (UINT64_C(1) << 5)
#define MAKE_CHAR (UINT64_C(1) << 6)
#define MAKE_DIR (UINT64_C(1) << 7)
#define MAKE_REG (UINT64_C(1) << 8)
#define MAKE_SOCK (UINT64_C(1) << 9)
#define MAKE_FIFO (UINT64_C(1) << 10)
#define MAKE_BLOCK (UINT64_C(1) << 11)
#define MAKE_SYM (UINT64_C(1) << 12)
#define REFER (UINT64_C(1) << 13)      // ABI 2
#define TRUNCATE (UINT64_C(1) << 14)   // ABI 3
#define IOCTL_DEVICE (UINT64_C(1) << 15)  // ABI 5
#define SCOPE_ABSTRACT_SOCKETS (UINT64_C(1) << 0)  // ABI 6
#define SCOPE_SIGNALS (UINT64_C(1) << 1)           // ABI 6

#define READ (EXECUTE | READ_FILE | READ_DIR)
// Devices are nowhere made.
#define CHANGE                                                                                                         \
    (WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM | REFER | TRUNCATE)
#define OF_FILES (READ | CHANGE | MAKE_CHAR | MAKE_BLOCK | IOCTL_DEVICE)

struct ruleset_attributes {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

struct path_rule {
    uint64_t allowed;
    int32_t directory;
} __attribute__((packed));

int cspawn_landlock_version(void) {
    long version = syscall(CREATE_RULESET, NULL, 0, ONLY_VERSION);
    return version < 0 ? 0 : (int)version;
}

static int allow(int ruleset, int directory, uint64_t rights) {
    struct path_rule rule = {.allowed = rights, .directory = directory};
    return syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : -errno;
}

static int allow_path(int ruleset, const char *path, uint64_t rights) {
    int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return -errno;
    int code = allow(ruleset, directory, rights);
    close(directory);
    return code;
}

int cspawn_landlock(const char *const *writable, int journal) {
    int version = cspawn_landlock_version();
    if (version < CSPAWN_LANDLOCK_LEAST) return -ENOSYS;
    uint64_t known = OF_FILES;
    if (version < 3) known &= ~TRUNCATE;
    if (version < 5) known &= ~IOCTL_DEVICE;
    struct ruleset_attributes attributes = {.files = known, .network = 0, .scopes = 0};
    size_t size = sizeof attributes.files;
    if (version >= 6) {
        attributes.scopes = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
        size = sizeof attributes;
    }
    int ruleset = (int)syscall(CREATE_RULESET, &attributes, size, 0);
    if (ruleset < 0) return -errno;

    int code = allow_path(ruleset, "/", READ);
    // Which devices there are is decided by the mounts; terminals are among them.
    if (code == 0) code = allow_path(ruleset, "/dev", (READ | WRITE_FILE | TRUNCATE | IOCTL_DEVICE) & known);
    for (size_t i = 0; code == 0 && writable[i] != NULL; i++)
        code = allow_path(ruleset, writable[i], (READ | CHANGE) & known);
    if (code == 0 && journal >= 0)
        code = allow(ruleset, journal, (READ_FILE | READ_DIR | WRITE_FILE | MAKE_REG | REMOVE_FILE | TRUNCATE) & known);
    if (code == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) code = -errno;
    if (code == 0 && syscall(RESTRICT_SELF, ruleset, 0) != 0) code = -errno;
    close(ruleset);
    return code;
}

#else

int cspawn_landlock_version(void) { return 0; }
int cspawn_landlock(const char *const *writable, int journal) { (void)writable; (void)journal; return -ENOSYS; }

#endif
