#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSpawn.h"

#include <errno.h>

#ifdef __linux__

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
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

static void enter_stage(struct child *child, const struct cspawn_stage *stage) {
    bool new_user = stage->uid_map != NULL;
    if (new_user) {
        if (unshare(CLONE_NEWUSER) != 0) fail(child, CSPAWN_STEP_USER_NAMESPACE);
        if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", stage->uid_map)
            || !write_file("/proc/self/gid_map", stage->gid_map))
            fail(child, CSPAWN_STEP_USER_NAMESPACE);
    }
    if (stage->overlay_target == NULL) return;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        fail(child, CSPAWN_STEP_MOUNT_NAMESPACE);
    if (mount("overlay", stage->overlay_target, "overlay", MS_NOSUID | MS_NODEV, stage->overlay_options) != 0)
        fail(child, CSPAWN_STEP_OVERLAY);
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

    if (options->parent_death_signal != 0 && prctl(PR_SET_PDEATHSIG, options->parent_death_signal) != 0)
        fail(child, CSPAWN_STEP_SESSION);
    if (options->new_session && setsid() < 0) fail(child, CSPAWN_STEP_SESSION);
    if (options->stage != NULL) enter_stage(child, options->stage);
    if (options->mark != 0) {
        // Fails where a finite limit is inherited already; the caller then finds descendants by other means.
        struct rlimit limit = {MARK_BASE + options->mark, MARK_BASE + options->mark};
        setrlimit(RLIMIT_RTTIME, &limit);
    }
    place_descriptors(child, options);
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
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    int pidfd = -1;
    int pid = clone(
        run_child, stack + CHILD_STACK, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &pidfd, NULL, NULL);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
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

int64_t cspawn_mark_of(pid_t pid) {
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_RTTIME, NULL, &limit) != 0) return -errno;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max <= MARK_BASE) return 0;
    return (int64_t)(limit.rlim_max - MARK_BASE);
}

int cspawn_open_beneath(int directory, const char *path, int flags, unsigned mode, enum cspawn_resolve resolve) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    if (resolve == CSPAWN_NO_SYMLINKS) how.resolve |= RESOLVE_NO_SYMLINKS;
    // A rename elsewhere in the tree makes the kernel give up with EAGAIN; it asks for another try.
    for (int attempt = 0; attempt < 16; attempt++) {
        long descriptor = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (descriptor >= 0) return (int)descriptor;
        if (errno != EAGAIN && errno != EINTR) return -errno;
    }
    return -EAGAIN;
}

int cspawn_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -errno; }

int cspawn_set_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : -errno; }

int cspawn_child_signal(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) return -EINVAL;
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

void cspawn_drain_child_signal(int descriptor) {
    struct signalfd_siginfo information[8];
    while (read(descriptor, information, sizeof information) > 0) {}
}

pid_t cspawn_peek_child(pid_t pid) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    if (waitid(pid == 0 ? P_ALL : P_PID, (id_t)pid, &information, WEXITED | WNOHANG | WNOWAIT) != 0) return errno == ECHILD ? 0 : -errno;
    return information.si_pid;
}

static void fill_usage(struct cspawn_usage *usage, int status, const struct rusage *used) {
    usage->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    usage->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    usage->cpu_microseconds = (uint64_t)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000000u
                              + (uint64_t)(used->ru_utime.tv_usec + used->ru_stime.tv_usec);
    usage->peak_kib = (uint64_t)used->ru_maxrss;
}

int cspawn_reap(pid_t pid, struct cspawn_usage *usage) {
    int status = 0;
    struct rusage used;
    memset(&used, 0, sizeof used);
    pid_t reaped;
    while ((reaped = wait4(pid, &status, WNOHANG, &used)) < 0 && errno == EINTR) {}
    if (reaped < 0) return -errno;
    if (reaped == 0) return -EAGAIN;
    fill_usage(usage, status, &used);
    return 0;
}

int cspawn_reap_pidfd(int pidfd, struct cspawn_usage *usage) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    struct rusage used;
    memset(&used, 0, sizeof used);
    // The system call gives resource usage, which waitid(3) leaves out.
    if (syscall(SYS_waitid, P_PIDFD, pidfd, &information, WEXITED | WNOHANG, &used) != 0) return -errno;
    if (information.si_pid == 0) return 1;
    bool exited = information.si_code == CLD_EXITED;
    fill_usage(usage, exited ? information.si_status << 8 : information.si_status & 0x7f, &used);
    return 0;
}

int cspawn_pidfd_open(pid_t pid) {
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int cspawn_pidfd_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

int cspawn_pipe(int ends[2], bool nonblocking) {
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    // Fewer wake-ups for a busy writer; refused above the per-user allowance, which does no harm.
    fcntl(ends[0], F_SETPIPE_SZ, 256 * 1024);
    if (nonblocking && fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return -error;
    }
    return 0;
}

int cspawn_socketpair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0 ? 0 : -errno;
}

int cspawn_eventfd(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int cspawn_memory_file(const void *bytes, size_t count) {
    int descriptor = memfd_create("stdin", MFD_CLOEXEC);
    if (descriptor < 0) return -errno;
    size_t done = 0;
    while (done < count) {
        ssize_t written = write(descriptor, (const char *)bytes + done, count - done);
        if (written < 0) {
            if (errno == EINTR) continue;
            int error = errno;
            close(descriptor);
            return -error;
        }
        done += (size_t)written;
    }
    lseek(descriptor, 0, SEEK_SET);
    return descriptor;
}

int cspawn_close_range(unsigned first, unsigned last) {
    return syscall(SYS_close_range, first, last, 0) == 0 ? 0 : -errno;
}

int cspawn_random(void *bytes, size_t count) {
    size_t done = 0;
    while (done < count) {
        ssize_t got = getrandom((char *)bytes + done, count - done, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        done += (size_t)got;
    }
    return 0;
}

ssize_t cspawn_attribute(int descriptor, const char *name, const char *attribute, void *buffer, size_t size) {
    ssize_t length;
    if (name == NULL) {
        length = fgetxattr(descriptor, attribute, buffer, size);
    } else {
        // Through /proc the parent is the very directory that is open, whatever was renamed since.
        char path[PATH_MAX];
        int count = snprintf(path, sizeof path, "/proc/self/fd/%d/%s", descriptor, name);
        if (count < 0 || (size_t)count >= sizeof path) return -ENAMETOOLONG;
        length = lgetxattr(path, attribute, buffer, size);
    }
    return length < 0 ? -errno : length;
}

#else  // Other systems: the client links this target but starts no sandbox.

int cspawn_start(const struct cspawn_options *options, struct cspawn_result *result) {
    (void)options;
    *result = (struct cspawn_result){.pid = -1, .pidfd = -1, .error = ENOSYS, .step = CSPAWN_STEP_CLONE};
    return -1;
}

int64_t cspawn_mark_of(pid_t pid) { (void)pid; return -ENOSYS; }
int cspawn_open_beneath(int directory, const char *path, int flags, unsigned mode, enum cspawn_resolve resolve) {
    (void)directory; (void)path; (void)flags; (void)mode; (void)resolve;
    return -ENOSYS;
}
int cspawn_set_undumpable(void) { return -ENOSYS; }
int cspawn_set_subreaper(void) { return -ENOSYS; }
int cspawn_child_signal(void) { return -ENOSYS; }
void cspawn_drain_child_signal(int descriptor) { (void)descriptor; }
pid_t cspawn_peek_child(pid_t pid) { (void)pid; return -ENOSYS; }
int cspawn_reap(pid_t pid, struct cspawn_usage *usage) { (void)pid; (void)usage; return -ENOSYS; }
int cspawn_reap_pidfd(int pidfd, struct cspawn_usage *usage) { (void)pidfd; (void)usage; return -ENOSYS; }
int cspawn_pidfd_open(pid_t pid) { (void)pid; return -ENOSYS; }
int cspawn_pidfd_signal(int pidfd, int signal) { (void)pidfd; (void)signal; return -ENOSYS; }
int cspawn_pipe(int ends[2], bool nonblocking) { (void)ends; (void)nonblocking; return -ENOSYS; }
int cspawn_socketpair(int ends[2]) { (void)ends; return -ENOSYS; }
int cspawn_eventfd(void) { return -ENOSYS; }
int cspawn_memory_file(const void *bytes, size_t count) { (void)bytes; (void)count; return -ENOSYS; }
int cspawn_close_range(unsigned first, unsigned last) { (void)first; (void)last; return -ENOSYS; }
int cspawn_random(void *bytes, size_t count) { (void)bytes; (void)count; return -ENOSYS; }
ssize_t cspawn_attribute(int descriptor, const char *name, const char *attribute, void *buffer, size_t size) {
    (void)descriptor; (void)name; (void)attribute; (void)buffer; (void)size;
    return -ENOSYS;
}

#endif
