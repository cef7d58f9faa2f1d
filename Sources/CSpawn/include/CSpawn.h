// The few Linux calls that Swift cannot make itself: starting a process between fork and exec, openat2, namespaces.
//
// Every function returns a negative errno on failure unless its comment says otherwise, and -ENOSYS on other systems.
#ifndef CSPAWN_H
#define CSPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Where starting a process failed.
enum cspawn_step {
    CSPAWN_STEP_NONE = 0,
    CSPAWN_STEP_CLONE,
    CSPAWN_STEP_SESSION,
    CSPAWN_STEP_DESCRIPTORS,
    CSPAWN_STEP_USER_NAMESPACE,
    CSPAWN_STEP_MOUNT_NAMESPACE,
    CSPAWN_STEP_OVERLAY,
    CSPAWN_STEP_IDENTITY,
    CSPAWN_STEP_DIRECTORY,
    CSPAWN_STEP_EXEC,
};

/// Namespaces that the child enters before it executes the program.
struct cspawn_stage {
    /// Contents of uid_map and gid_map of a new user namespace; both NULL for none.
    const char *uid_map;
    const char *gid_map;
    /// Mount point and data of an overlay in a new, private mount namespace; NULL for no overlay.
    const char *overlay_target;
    const char *overlay_options;
};

struct cspawn_options {
    /// Candidate paths of the program, tried in order; ends with NULL.
    const char *const *programs;
    const char *const *arguments;
    const char *const *environment;
    /// NULL keeps the caller's directory.
    const char *directory;
    /// Descriptor i of the child is descriptors[i] of the caller; all others are closed.
    const int *descriptors;
    size_t descriptor_count;
    /// setsid(2) before anything else.
    bool new_session;
    /// Signal to the child when the *thread* that called cspawn_start ends; 0 for none.
    int parent_death_signal;
    /// Mark that all descendants inherit and cannot raise (see cspawn_mark_of); 0 for none.
    uint64_t mark;
    /// NULL for none.
    const struct cspawn_stage *stage;
};

struct cspawn_result {
    pid_t pid;
    int pidfd;
    /// errno of the failed step.
    int error;
    int step;
};

/// Starts a process with signals at their defaults. Returns 0, or -1 with `error` and `step` filled in and no child left.
int cspawn_start(const struct cspawn_options *options, struct cspawn_result *result);

/// The mark of a process, 0 when it has none, or a negative errno.
int64_t cspawn_mark_of(pid_t pid);

/// How a path may be resolved beneath a directory.
enum cspawn_resolve {
    /// Symbolic links are followed while they stay beneath.
    CSPAWN_BENEATH = 0,
    /// No symbolic link at all, the last component included.
    CSPAWN_NO_SYMLINKS = 1,
};

/// openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS; O_CLOEXEC is added.
int cspawn_open_beneath(int directory, const char *path, int flags, unsigned mode, enum cspawn_resolve resolve);

/// Makes this process unreadable for others of its user: /proc/PID/fd, mem, environ and ptrace are refused.
int cspawn_set_undumpable(void);
int cspawn_set_subreaper(void);
/// Blocks SIGCHLD and returns a descriptor that becomes readable with it.
int cspawn_child_signal(void);
/// Reads all pending signals from it.
void cspawn_drain_child_signal(int descriptor);

/// An ended child (`pid` 0: any), left as a zombie: its pid, 0 when there is none, or a negative errno.
pid_t cspawn_peek_child(pid_t pid);

struct cspawn_usage {
    /// Exit code, or -1 when a signal ended it.
    int exit_code;
    /// Signal, or 0.
    int signal;
    uint64_t cpu_microseconds;
    uint64_t peak_kib;
};

/// Reaps an ended child.
int cspawn_reap(pid_t pid, struct cspawn_usage *usage);
/// Reaps an ended child through its pidfd. Returns 1 when it is not ended yet.
int cspawn_reap_pidfd(int pidfd, struct cspawn_usage *usage);

int cspawn_pidfd_open(pid_t pid);
int cspawn_pidfd_signal(int pidfd, int signal);

/// Both ends are close-on-exec; `nonblocking` applies to the first only.
int cspawn_pipe(int ends[2], bool nonblocking);
int cspawn_socketpair(int ends[2]);
int cspawn_eventfd(void);
/// A memory file with these bytes, positioned at its start.
int cspawn_memory_file(const void *bytes, size_t count);
/// Closes every descriptor from `first` to `last` (UINT32_MAX for all).
int cspawn_close_range(unsigned first, unsigned last);
int cspawn_random(void *bytes, size_t count);

/// An extended attribute of an open file, or of the file that /proc/self/fd/N/name leads to when `name` is given
/// (the last link is not followed). Returns its length, or a negative errno (-ENODATA when absent).
ssize_t cspawn_attribute(int descriptor, const char *name, const char *attribute, void *buffer, size_t size);

#endif
