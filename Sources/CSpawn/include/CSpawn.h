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
    CSPAWN_STEP_GROUPS,
    CSPAWN_STEP_TERMINAL,
    CSPAWN_STEP_USER_NAMESPACE,
    CSPAWN_STEP_MOUNT_NAMESPACE,
    CSPAWN_STEP_OVERLAY,
    CSPAWN_STEP_STAGING,
    /// The base cannot be shown under another owner.
    CSPAWN_STEP_OWNER,
    CSPAWN_STEP_IDENTITY,
    CSPAWN_STEP_DIRECTORY,
    CSPAWN_STEP_EXEC,
};

/// A file or directory that is shown at a second place.
struct cspawn_bind {
    const char *source;
    const char *target;
};

/// An overlay: its mount point and the data of mount(2).
struct cspawn_overlay {
    const char *target;
    const char *options;
};

/// Namespaces that the child enters before it executes the program, and the user that it becomes.
struct cspawn_stage {
    /// Contents of uid_map and gid_map of a new user namespace; both NULL for none.
    const char *uid_map;
    const char *gid_map;
    /// Directory that an empty file system in memory is mounted over first, in a new, private mount namespace: place
    /// for what the new user could not reach otherwise. NULL for none.
    const char *staging;
    /// Directories that are shown, read-only, at targets beneath `staging` (which are made) as belonging to the new user,
    /// until the overlays are mounted; needs `owner_namespace`, see cspawn_owner_namespace.
    const struct cspawn_bind *owned;
    size_t owned_count;
    int owner_namespace;
    /// Overlays in a new, private mount namespace, mounted in this order. The mount points are made when `staging` is
    /// given.
    const struct cspawn_overlay *overlays;
    size_t overlay_count;
    /// Targets are beneath `staging` and are made.
    const struct cspawn_bind *binds;
    size_t bind_count;
    /// User and group that the child becomes for good once all is mounted, without supplementary groups; 0 for none.
    uid_t user;
    gid_t group;
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
    /// Open `tasks` or `cgroup.procs` files of the control groups that the child joins before anything else.
    const int *control_groups;
    size_t control_group_count;
    /// setsid(2) before anything else.
    bool new_session;
    /// Descriptor 0 of the child, a terminal, becomes the controlling terminal of its new session.
    bool controlling_terminal;
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

/// A user namespace that shows files of user and group 0 as those of `user`, and others as they are. Returns a descriptor.
int cspawn_owner_namespace(uid_t user);

/// Locks one byte of a file for as long as the open file lives. -EAGAIN when another holds it.
int cspawn_lock_byte(int descriptor, off_t offset);

/// Writes the filter of system calls of a sandbox, an array of struct sock_filter as `bwrap --seccomp` reads it. Returns
/// its length in bytes, -ENOSPC when it does not fit, or -ENOSYS on a processor that it is not made for.
ssize_t cspawn_syscall_filter(void *buffer, size_t size);

/// Whether the kernel takes such a filter.
bool cspawn_has_syscall_filters(void);

/// The least version of Landlock's interface that serves: before it files could not be moved between directories.
#define CSPAWN_LANDLOCK_LEAST 2

/// The version of Landlock's interface that the kernel offers, 0 for none.
int cspawn_landlock_version(void);

/// Confines the calling thread and what comes from it for good: reading beneath `/`, writing beneath `writable` (ends with
/// NULL) and the open directory `journal` (-1 for none), devices beneath /dev; from version 6 on also abstract socket names
/// and signals to processes that are not confined with it. Call it before any thread is made. -ENOSYS where the kernel has
/// none or one that is too old.
int cspawn_landlock(const char *const *writable, int journal);

/// The mark of a process, 0 when it has none, or a negative errno.
int64_t cspawn_mark_of(pid_t pid);

/// How a path may be resolved beneath a directory.
enum cspawn_resolve {
    /// Symbolic links are followed while they stay beneath.
    CSPAWN_BENEATH = 0,
    /// No symbolic link at all, the last component included.
    CSPAWN_NO_SYMLINKS = 1,
    /// As if the directory were the root: absolute links and `..` stay in it.
    CSPAWN_IN_ROOT = 2,
};

/// openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS; O_CLOEXEC is added.
int cspawn_open_beneath(int directory, const char *path, int flags, unsigned mode, enum cspawn_resolve resolve);

/// Makes this process unreadable for others of its user: /proc/PID/fd, mem, environ and ptrace are refused.
int cspawn_set_undumpable(void);
int cspawn_set_subreaper(void);

struct cspawn_limits {
    /// Processes and threads, open files, bytes of a file; 0 leaves what is there.
    uint64_t processes;
    uint64_t open_files;
    uint64_t file_bytes;
};

/// Lowers this process's resource limits, soft and hard, and rules out core files.
int cspawn_set_limits(const struct cspawn_limits *limits);

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
/// A counter that a read of 8 bytes takes one from, waiting while it is zero, and a write adds to.
int cspawn_counter(void);
/// Begins to write a file's data to disk, without waiting.
void cspawn_begin_flush(int descriptor);
/// A memory file with these bytes, positioned at its start.
int cspawn_memory_file(const void *bytes, size_t count);
/// Closes every descriptor from `first` to `last` (UINT32_MAX for all).
int cspawn_close_range(unsigned first, unsigned last);
int cspawn_random(void *bytes, size_t count);

/// A local socket of mode 0600 that listens at a name beneath an open directory; what was there is removed.
int cspawn_listen_local(int directory, const char *name);
/// A connection to it. -ECONNREFUSED or -ENOENT when nobody listens; -EAGAIN when as many wait as the listener has room
/// for and none was let in within `milliseconds`, which are at least 1.
int cspawn_connect_local(int directory, const char *name, int milliseconds);
/// The next waiting connection, non-blocking and close-on-exec; -EAGAIN when there is none.
int cspawn_accept(int listener);
/// Who connected, as this process's namespaces see it: `pid` is 0 for a process outside its PID namespace.
int cspawn_peer(int descriptor, pid_t *pid, uid_t *user);
/// Sends a descriptor with one byte; never waits.
int cspawn_send_descriptor(int socket, int descriptor, uint8_t tag);
/// Receives one. -EAGAIN when there is none, -EPIPE at the end, -EBADMSG for a byte without a descriptor.
int cspawn_receive_descriptor(int socket, uint8_t *tag);

/// A new pseudo-terminal: the non-blocking master and the terminal itself, which is nobody's controlling terminal yet.
int cspawn_terminal(int ends[2], uint16_t columns, uint16_t rows);
int cspawn_set_window(int terminal, uint16_t columns, uint16_t rows);

/// An extended attribute of an open file, or of the file that /proc/self/fd/N/name leads to when `name` is given
/// (the last link is not followed). Returns its length, or a negative errno (-ENODATA when absent).
ssize_t cspawn_attribute(int descriptor, const char *name, const char *attribute, void *buffer, size_t size);

/// Removes an extended attribute of an open file; 0 also when it has none of that name.
int cspawn_remove_attribute(int descriptor, const char *attribute);

/// Whether a file takes room on a disk, and not in memory alone; false when it cannot be told.
bool cspawn_is_on_disk(const char *path);

/// Waits until all that was written to the file system of an open file is on the disk. Zero, or an errno.
int cspawn_flush_file_system(int descriptor);

/// Copies the first `size` bytes of one open file to another, empty one: by sharing its blocks where the file system can
/// (then 1), else by copying what is no hole (then 0). -EFBIG when that is more than `most` bytes.
int cspawn_copy_contents(int from, int to, off_t size, off_t most);

/// Whether the first `size` bytes of two open files are the same: 1 or 0. Only what is no hole in one of them is read.
int cspawn_same_contents(int left, int right, off_t size);

/// Names of extended attributes, each with a zero after it; arguments as in cspawn_attribute. Returns their length.
ssize_t cspawn_attribute_names(int descriptor, const char *name, char *buffer, size_t size);
/// Sets an extended attribute; arguments as in cspawn_attribute.
int cspawn_set_attribute(int descriptor, const char *name, const char *attribute, const void *value, size_t size);

#endif
