#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSpawn.h"

#include <errno.h>

#ifdef __linux__

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int cspawn_lock_byte(int descriptor, off_t offset) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = offset;
    lock.l_len = 1;
    return fcntl(descriptor, F_OFD_SETLK, &lock) == 0 ? 0 : (errno == EACCES ? -EAGAIN : -errno);
}

int cspawn_open_beneath(int directory, const char *path, int flags, unsigned mode, enum cspawn_resolve resolve) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = (resolve == CSPAWN_IN_ROOT ? RESOLVE_IN_ROOT : RESOLVE_BENEATH) | RESOLVE_NO_MAGICLINKS;
    if (resolve == CSPAWN_NO_SYMLINKS) how.resolve |= RESOLVE_NO_SYMLINKS;
    // A rename elsewhere in the tree makes the kernel give up with EAGAIN; it asks for another try.
    for (int attempt = 0; attempt < 16; attempt++) {
        long descriptor = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (descriptor >= 0) return (int)descriptor;
        if (errno != EAGAIN && errno != EINTR) return -errno;
    }
    return -EAGAIN;
}

bool cspawn_is_on_disk(const char *path) {
    struct statfs system;
    if (statfs(path, &system) != 0) return false;
    return system.f_type != TMPFS_MAGIC && system.f_type != RAMFS_MAGIC && system.f_type != HUGETLBFS_MAGIC;
}

int cspawn_flush_file_system(int descriptor) { return syncfs(descriptor) == 0 ? 0 : errno; }

int cspawn_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -errno; }

int cspawn_set_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : -errno; }

static int lower_limit(int resource, uint64_t value) {
    struct rlimit limit;
    if (prlimit(0, resource, NULL, &limit) != 0) return -errno;
    if (limit.rlim_max > value) limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    return prlimit(0, resource, &limit, NULL) == 0 ? 0 : -errno;
}

int cspawn_set_limits(const struct cspawn_limits *limits) {
    // One byte is too small for a core file. Zero would not do: only exactly one keeps the kernel from handing the core
    // to a program as well ("|" in core_pattern), and such a program runs as root on the host.
    int code = lower_limit(RLIMIT_CORE, 1);
    if (code == 0 && limits->processes != 0) code = lower_limit(RLIMIT_NPROC, limits->processes);
    if (code == 0 && limits->open_files != 0) code = lower_limit(RLIMIT_NOFILE, limits->open_files);
    if (code == 0 && limits->file_bytes != 0) code = lower_limit(RLIMIT_FSIZE, limits->file_bytes);
    return code;
}

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

int cspawn_counter(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    return descriptor < 0 ? -errno : descriptor;
}

void cspawn_begin_flush(int descriptor) { sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE); }

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

int cspawn_lock_byte(int descriptor, off_t offset) { (void)descriptor; (void)offset; return -ENOSYS; }
int cspawn_open_beneath(int directory, const char *path, int flags, unsigned mode, enum cspawn_resolve resolve) {
    (void)directory; (void)path; (void)flags; (void)mode; (void)resolve;
    return -ENOSYS;
}
bool cspawn_is_on_disk(const char *path) { (void)path; return false; }
int cspawn_flush_file_system(int descriptor) { (void)descriptor; return ENOSYS; }
int cspawn_set_undumpable(void) { return -ENOSYS; }
int cspawn_set_subreaper(void) { return -ENOSYS; }
int cspawn_set_limits(const struct cspawn_limits *limits) { (void)limits; return -ENOSYS; }
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
int cspawn_counter(void) { return -ENOSYS; }
void cspawn_begin_flush(int descriptor) { (void)descriptor; }
int cspawn_memory_file(const void *bytes, size_t count) { (void)bytes; (void)count; return -ENOSYS; }
int cspawn_close_range(unsigned first, unsigned last) { (void)first; (void)last; return -ENOSYS; }
int cspawn_random(void *bytes, size_t count) { (void)bytes; (void)count; return -ENOSYS; }
ssize_t cspawn_attribute(int descriptor, const char *name, const char *attribute, void *buffer, size_t size) {
    (void)descriptor; (void)name; (void)attribute; (void)buffer; (void)size;
    return -ENOSYS;
}

#endif
