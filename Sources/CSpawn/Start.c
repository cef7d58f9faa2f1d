// Starting a process: what happens between clone and exec.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSpawn.h"

#include <errno.h>

#ifdef __linux__

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

// The mark is a hard limit on real-time CPU time: children inherit it, nobody without privileges can raise it, and at
// more than a century it limits nothing. Marks are offsets from this base (microseconds).
#define MARK_BASE (UINT64_C(1) << 52)
// Most descriptors of one child; sources are moved above this before they are put in place.
#define MAX_DESCRIPTORS 16
#define CHILD_STACK (64 * 1024)

struct child {
    const struct cspawn_options *options;
    // Written by the child, which shares our memory until it has executed the program.
    int error;
    int step;
};

static int fail(struct child *child, enum cspawn_step step) {
    child->error = errno;
    child->step = step;
    _exit(127);
}

static bool write_file(const char *path, const char *text) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    ssize_t count = write(descriptor, text, strlen(text));
    int saved = errno;
    close(descriptor);
    errno = saved;
    return count == (ssize_t)strlen(text);
}

// Makes a mount point of the same kind as what will be mounted on it.
static bool make_like(const char *source, const char *target) {
    struct stat status;
    if (stat(source, &status) != 0) return false;
    if (S_ISDIR(status.st_mode)) return mkdir(target, 0755) == 0;
    int descriptor = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0) return false;
    close(descriptor);
    return true;
}

static void stage_sources(struct child *child, const struct cspawn_stage *stage) {
    // Mount points only; the bounds are far above what they need.
    if (mount("tmpfs", stage->staging, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=256k,nr_inodes=256") != 0)
        fail(child, CSPAWN_STEP_STAGING);
    for (size_t i = 0; i < stage->overlay_count; i++) {
        if (mkdir(stage->overlays[i].target, 0755) != 0) fail(child, CSPAWN_STEP_STAGING);
    }
    for (size_t i = 0; i < stage->bind_count; i++) {
        const struct cspawn_bind *bind = &stage->binds[i];
        if (!make_like(bind->source, bind->target) || mount(bind->source, bind->target, NULL, MS_BIND | MS_REC, NULL) != 0)
            fail(child, CSPAWN_STEP_STAGING);
    }
    for (size_t i = 0; i < stage->owned_count; i++) {
        const struct cspawn_bind *owned = &stage->owned[i];
        if (mkdir(owned->target, 0755) != 0) fail(child, CSPAWN_STEP_OWNER);
        long tree = syscall(SYS_open_tree, AT_FDCWD, owned->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (tree < 0) fail(child, CSPAWN_STEP_OWNER);
        struct mount_attr attributes;
        memset(&attributes, 0, sizeof attributes);
        attributes.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY;
        attributes.userns_fd = (uint64_t)stage->owner_namespace;
        if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0
            || syscall(SYS_move_mount, tree, "", AT_FDCWD, owned->target, MOVE_MOUNT_F_EMPTY_PATH) != 0)
            fail(child, CSPAWN_STEP_OWNER);
        close((int)tree);
    }
}

static void enter_stage(struct child *child, const struct cspawn_stage *stage) {
    bool new_user = stage->uid_map != NULL;
    if (new_user) {
        if (unshare(CLONE_NEWUSER) != 0) fail(child, CSPAWN_STEP_USER_NAMESPACE);
        // The files of a process that must not be dumped are root's. Its memory is the caller's, for which that holds again
        // at once; no other child undoes it meanwhile (`mapping`).
        bool closed = prctl(PR_GET_DUMPABLE) != 1;
        if (closed) prctl(PR_SET_DUMPABLE, 1);
        bool mapped = write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", stage->uid_map)
            && write_file("/proc/self/gid_map", stage->gid_map);
        int error = errno;
        if (closed) prctl(PR_SET_DUMPABLE, 0);
        errno = error;
        if (!mapped) fail(child, CSPAWN_STEP_USER_NAMESPACE);
    }
    if (stage->overlay_count > 0 || stage->staging != NULL) {
        if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
            fail(child, CSPAWN_STEP_MOUNT_NAMESPACE);
        if (stage->staging != NULL) stage_sources(child, stage);
        for (size_t i = 0; i < stage->overlay_count; i++) {
            const struct cspawn_overlay *overlay = &stage->overlays[i];
            if (mount("overlay", overlay->target, "overlay", MS_NOSUID | MS_NODEV, overlay->options) != 0)
                fail(child, CSPAWN_STEP_OVERLAY);
        }
        // The overlays hold on to their layers; nobody else needs to see them.
        for (size_t i = 0; i < stage->owned_count; i++) {
            if (umount2(stage->owned[i].target, MNT_DETACH) != 0) fail(child, CSPAWN_STEP_OWNER);
        }
    }
    if (stage->user != 0) {
        // By system call: the C library would tell the caller's threads, which share our memory.
        if (syscall(SYS_setgroups, 0, NULL) != 0
            || syscall(SYS_setresgid, stage->group, stage->group, stage->group) != 0
            || syscall(SYS_setresuid, stage->user, stage->user, stage->user) != 0)
            fail(child, CSPAWN_STEP_IDENTITY);
    }
}

static void place_descriptors(struct child *child, const struct cspawn_options *options) {
    int moved[MAX_DESCRIPTORS];
    for (size_t i = 0; i < options->descriptor_count; i++) {
        moved[i] = fcntl(options->descriptors[i], F_DUPFD_CLOEXEC, MAX_DESCRIPTORS);
        if (moved[i] < 0) fail(child, CSPAWN_STEP_DESCRIPTORS);
    }
    for (size_t i = 0; i < options->descriptor_count; i++) {
        if (dup2(moved[i], (int)i) < 0) fail(child, CSPAWN_STEP_DESCRIPTORS);
    }
    if (syscall(SYS_close_range, (unsigned)options->descriptor_count, UINT_MAX, 0) != 0)
        fail(child, CSPAWN_STEP_DESCRIPTORS);
}

// Runs on its own stack in the caller's memory: only async-signal-safe calls, nothing of the caller is changed.
static int run_child(void *argument) {
    struct child *child = argument;
    const struct cspawn_options *options = child->options;

    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < _NSIG; number++) sigaction(number, &standard, NULL);

    for (size_t i = 0; i < options->control_group_count; i++) {
        if (write(options->control_groups[i], "0", 1) != 1) fail(child, CSPAWN_STEP_GROUPS);
    }
    if (options->new_session && setsid() < 0) fail(child, CSPAWN_STEP_SESSION);
    if (options->stage != NULL) enter_stage(child, options->stage);
    // After the change of user, which would take it back.
    if (options->parent_death_signal != 0 && prctl(PR_SET_PDEATHSIG, options->parent_death_signal) != 0)
        fail(child, CSPAWN_STEP_SESSION);
    if (options->mark != 0) {
        // Fails where a finite limit is inherited already; the caller then finds descendants by other means.
        struct rlimit limit = {MARK_BASE + options->mark, MARK_BASE + options->mark};
        setrlimit(RLIMIT_RTTIME, &limit);
    }
    place_descriptors(child, options);
    if (options->controlling_terminal && ioctl(0, TIOCSCTTY, 0) != 0) fail(child, CSPAWN_STEP_TERMINAL);
    if (options->directory != NULL && chdir(options->directory) != 0) fail(child, CSPAWN_STEP_DIRECTORY);

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    int refused = 0;
    for (size_t i = 0; options->programs[i] != NULL; i++) {
        execve(options->programs[i], (char *const *)options->arguments, (char *const *)options->environment);
        if (errno == EACCES) refused = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR) fail(child, CSPAWN_STEP_EXEC);
    }
    errno = refused != 0 ? refused : ENOENT;
    fail(child, CSPAWN_STEP_EXEC);
    return 127;
}

// Held while a child may have made the caller's memory readable for a moment.
static pthread_mutex_t mapping = PTHREAD_MUTEX_INITIALIZER;

int cspawn_start(const struct cspawn_options *options, struct cspawn_result *result) {
    struct child child = {.options = options, .error = 0, .step = CSPAWN_STEP_NONE};
    *result = (struct cspawn_result){.pid = -1, .pidfd = -1, .error = EINVAL, .step = CSPAWN_STEP_CLONE};
    if (options->descriptor_count > MAX_DESCRIPTORS) return -1;
    char *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        result->error = errno;
        return -1;
    }
    // No handler of ours may run in the child, which shares our memory.
    sigset_t all, previous;
    sigfillset(&all);
    bool maps = options->stage != NULL && options->stage->uid_map != NULL;
    if (maps) pthread_mutex_lock(&mapping);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    int pidfd = -1;
    int pid = clone(
        run_child, stack + CHILD_STACK, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &pidfd, NULL, NULL);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    if (maps) pthread_mutex_unlock(&mapping);
    munmap(stack, CHILD_STACK);
    if (pid < 0) {
        result->error = error;
        return -1;
    }
    if (child.step != CSPAWN_STEP_NONE) {
        close(pidfd);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
        result->error = child.error;
        result->step = child.step;
        return -1;
    }
    *result = (struct cspawn_result){.pid = pid, .pidfd = pidfd, .error = 0, .step = CSPAWN_STEP_NONE};
    return 0;
}

// Holds a new user namespace open. Shares the caller's memory, so it must touch nothing, errno included.
static int wait_forever(void *argument) {
    (void)argument;
#if defined(__x86_64__)
    for (;;) {
        long number = SYS_pause;
        __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
    }
#else
    for (;;) syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
#endif
    return 0;
}

// All ids but 0 and the user's stand for themselves.
static int owner_map(char *text, size_t size, uid_t user) {
    return snprintf(
        text, size, "0 %u 1\n1 1 %u\n%u %u %u\n", user, user - 1, user + 1, user + 1, UINT32_MAX - user - 1);
}

int cspawn_owner_namespace(uid_t user) {
    if (user < 2 || user > UINT32_MAX - 2) return -EINVAL;
    char *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -errno;
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    int pidfd = -1;
    int pid = clone(
        wait_forever, stack + CHILD_STACK, CLONE_VM | CLONE_FILES | CLONE_PIDFD | CLONE_NEWUSER, NULL, &pidfd, NULL, NULL);
    int result = -errno;
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    if (pid > 0) {
        char path[64], text[128];
        owner_map(text, sizeof text, user);
        snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
        bool mapped = write_file(path, text);
        snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
        mapped = mapped && write_file(path, text);
        snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
        result = mapped ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (result < 0) result = -errno;
        cspawn_pidfd_signal(pidfd, SIGKILL);
        // Without an exit signal it is waited for by __WALL only: no other wait of this program can take it away.
        while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
        close(pidfd);
    }
    munmap(stack, CHILD_STACK);
    return result;
}

int64_t cspawn_mark_of(pid_t pid) {
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_RTTIME, NULL, &limit) != 0) return -errno;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max <= MARK_BASE) return 0;
    return (int64_t)(limit.rlim_max - MARK_BASE);
}

#else  // Other systems: the client links this target but starts no sandbox.

// Held while a child may have made the caller's memory readable for a moment.
static pthread_mutex_t mapping = PTHREAD_MUTEX_INITIALIZER;

int cspawn_start(const struct cspawn_options *options, struct cspawn_result *result) {
    (void)options;
    *result = (struct cspawn_result){.pid = -1, .pidfd = -1, .error = ENOSYS, .step = CSPAWN_STEP_CLONE};
    return -1;
}
int cspawn_owner_namespace(uid_t user) { (void)user; return -ENOSYS; }
int64_t cspawn_mark_of(pid_t pid) { (void)pid; return -ENOSYS; }

#endif
