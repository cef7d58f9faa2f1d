// The filter of system calls of a sandbox, assembled by hand and not by libseccomp: the program is short, every
// instruction of it can be read here, and nothing has to be installed where sandboxes run. What the library would do for
// us is little: names of calls are the kernel's own numbers (those newer than the headers are written out), there is one
// processor per build, and neither a sorted search nor a change of the filter at run time is needed. What it could not do
// for us is to refuse numbers that are not known yet with ENOSYS, which is a comparison here.
//
// Order: processor, x32 numbers, calls that are refused, calls whose arguments count, numbers that are not known yet.
// The kernel keeps a bitmap of calls that are allowed whatever their arguments are, so that most cost nothing.
#include "CSpawn.h"

#include <errno.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// The highest number that was looked at when this table was made (removexattrat, Linux 6.13). Numbers above it get
// ENOSYS, as on an older kernel: what a later kernel adds is not open before somebody has looked at it.
#define LAST_KNOWN 466

// All of CLONE_NEW*; CLONE_NEWTIME shares its bit with a signal number in clone(2) and only counts for unshare(2).
#define NEW_NAMESPACES                                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define TIME_NAMESPACE 0x00000080u
// IOPRIO_WHO_USER, which older headers do not have.
#define IOPRIO_USER 3

struct refusal {
    uint16_t number;
    uint16_t error;
};

static const struct refusal refusals[] = {
    // Mounts, roots and namespaces: nothing of the sandbox's view of the system changes from inside.
    {SYS_mount, EPERM}, {SYS_umount2, EPERM}, {SYS_pivot_root, EPERM}, {SYS_chroot, EPERM}, {SYS_setns, EPERM},
    {428 /* open_tree */, EPERM}, {429 /* move_mount */, EPERM}, {430 /* fsopen */, EPERM},
    {431 /* fsconfig */, EPERM}, {432 /* fsmount */, EPERM}, {433 /* fspick */, EPERM},
    {442 /* mount_setattr */, EPERM}, {457 /* statmount */, EPERM}, {458 /* listmount */, EPERM},
    {SYS_open_by_handle_at, EPERM}, {SYS_quotactl, EPERM}, {443 /* quotactl_fd */, EPERM}, {SYS_acct, EPERM},
    {SYS_swapon, EPERM}, {SYS_swapoff, EPERM}, {SYS_fanotify_init, EPERM},
    // Other processes' memory and descriptors.
    {SYS_ptrace, EPERM}, {SYS_process_vm_readv, EPERM}, {SYS_process_vm_writev, EPERM}, {SYS_kcmp, EPERM},
    {438 /* pidfd_getfd */, EPERM}, {440 /* process_madvise */, EPERM},
    // Keys are kept per user, not per sandbox.
    {SYS_keyctl, EPERM}, {SYS_add_key, EPERM}, {SYS_request_key, EPERM},
    // Large parts of the kernel that no build needs and that most escapes of recent years went through.
    {SYS_bpf, EPERM}, {SYS_perf_event_open, EPERM}, {SYS_userfaultfd, EPERM}, {SYS_vhangup, EPERM},
    {SYS_lookup_dcookie, EPERM}, {SYS_migrate_pages, EPERM}, {SYS_move_pages, EPERM},
    // ENOSYS: programs then go on with what they did before io_uring.
    {425 /* io_uring_setup */, ENOSYS}, {426 /* io_uring_enter */, ENOSYS}, {427 /* io_uring_register */, ENOSYS},
    // Its flags are in memory, where a filter cannot look. With ENOSYS the C library takes clone(2).
    {435 /* clone3 */, ENOSYS},
    // The machine itself.
    {SYS_init_module, EPERM}, {SYS_finit_module, EPERM}, {SYS_delete_module, EPERM}, {SYS_kexec_load, EPERM},
    {SYS_kexec_file_load, EPERM}, {SYS_reboot, EPERM}, {SYS_syslog, EPERM}, {SYS_settimeofday, EPERM},
    {SYS_clock_settime, EPERM}, {SYS_clock_adjtime, EPERM}, {SYS_adjtimex, EPERM}, {SYS_sethostname, EPERM},
    {SYS_setdomainname, EPERM},
#if defined(__x86_64__)
    {SYS_iopl, EPERM}, {SYS_ioperm, EPERM}, {SYS_modify_ldt, EPERM}, {SYS_uselib, EPERM}, {SYS_ustat, EPERM},
    {SYS_sysfs, EPERM}, {SYS__sysctl, EPERM}, {SYS_create_module, EPERM}, {SYS_get_kernel_syms, EPERM},
    {SYS_query_module, EPERM},
#endif
    {SYS_nfsservctl, EPERM},
};

// Terminal requests by their low 32 bits, which is all that the kernel looks at: typing into a terminal (TIOCSTI), the
// console's selection (TIOCLINUX), taking over the console, and line disciplines, which load parts of the kernel.
static const uint32_t refused_requests[] = {TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD};

// A network namespace does not confine the others (AF_VSOCK reaches the host of a virtual machine), or they are kernel
// interfaces (AF_ALG, AF_PACKET). Local sockets lead nowhere else: no directory of the host that is mounted holds one, and
// abstract names belong to the network namespace.
static const uint32_t allowed_families[] = {AF_UNIX, AF_INET, AF_INET6};
// Of AF_NETLINK only the protocol that lists interfaces and addresses: Node's os.networkInterfaces() and Go's
// net.Interfaces() fail without it, and with them most development servers. All that it shows is the sandbox's own
// loopback, and all that changes something needs a capability that nothing in a sandbox has.
#define NETLINK_OF_INTERFACES 0
// 0, ICMP, TCP, UDP, ICMPv6; not SCTP, DCCP, UDP-Lite, L2TP, MPTCP, SMC.
static const uint32_t allowed_protocols[] = {0, 1, 6, 17, 58};

// Commands run under the supervisor's user, so the kernel would let them take its open files or its processors away. It is
// process 1; the argument is the one that names a process. The numbers of its other threads, which only flush to disk and
// come and go, cannot be told here from those that pthread_setaffinity_np(3) of any program passes: what they lose by it is
// the speed of the sandbox's own journal. What counts for the whole process (limits, all of a user's) is refused by more than
// the number, below.
static const struct {
    uint16_t number;
    uint8_t argument;
} of_first_process[] = {
    {SYS_sched_setaffinity, 0}, {SYS_sched_setscheduler, 0}, {SYS_sched_setparam, 0}, {SYS_sched_setattr, 0},
};

struct program {
    struct sock_filter *code;
    size_t count;
    size_t capacity;
};

static void add(struct program *program, uint16_t code, uint32_t operand, uint8_t when_true, uint8_t when_false) {
    if (program->count < program->capacity)
        program->code[program->count] = (struct sock_filter){code, when_true, when_false, operand};
    program->count++;
}

static void load(struct program *program, size_t offset) { add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }

static void load_argument(struct program *program, int index) {
    // The low half; both processors are little-endian.
    load(program, offsetof(struct seccomp_data, args) + 8 * (size_t)index);
}

static void answer(struct program *program, uint32_t action) { add(program, BPF_RET | BPF_K, action, 0, 0); }

static void refuse(struct program *program, int error) { answer(program, SECCOMP_RET_ERRNO | (uint32_t)error); }

static void refuse_if_equal(struct program *program, uint32_t value, int error) {
    add(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    refuse(program, error);
}

// Refuses unless the accumulator is one of a few values; goes on after it otherwise.
static void require_one_of(struct program *program, const uint32_t *values, size_t count, int error) {
    for (size_t i = 0; i < count; i++) add(program, BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(count - i), 0);
    refuse(program, error);
}

// Begins a block that runs for one system call only; end_block closes it. The number is in the accumulator before.
static size_t begin_block(struct program *program, uint32_t number) {
    add(program, BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0);
    return program->count - 1;
}

static void end_block(struct program *program, size_t start) {
    answer(program, SECCOMP_RET_ALLOW);
    if (start < program->capacity) program->code[start].jf = (uint8_t)(program->count - start - 1);
}

static void refuse_flags(struct program *program, uint32_t number, uint32_t flags) {
    size_t start = begin_block(program, number);
    load_argument(program, 0);
    add(program, BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1);
    refuse(program, EPERM);
    end_block(program, start);
}

// Refuses one value of an argument.
static void refuse_target(struct program *program, uint32_t number, int argument, uint32_t value) {
    size_t start = begin_block(program, number);
    load_argument(program, argument);
    refuse_if_equal(program, value, EPERM);
    end_block(program, start);
}

// Refuses a priority for all processes of a user, and for process 1 or its group.
static void refuse_priority(struct program *program, uint32_t number, uint32_t of_user) {
    size_t start = begin_block(program, number);
    load_argument(program, 0);
    refuse_if_equal(program, of_user, EPERM);
    load_argument(program, 1);
    refuse_if_equal(program, 1, EPERM);
    end_block(program, start);
}

// New limits only for the process that asks (0, which is what setrlimit(2) of the C libraries passes): any thread's number
// names its process, and the threads of process 1 have numbers that are not known here.
static void refuse_limits_of_others(struct program *program) {
    size_t start = begin_block(program, SYS_prlimit64);
    load_argument(program, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 0);
    load_argument(program, 2);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
    load(program, offsetof(struct seccomp_data, args) + 8 * 2 + 4);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
    refuse(program, EPERM);
    end_block(program, start);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

ssize_t cspawn_syscall_filter(void *buffer, size_t size) {
    struct program program = {.code = buffer, .count = 0, .capacity = size / sizeof(struct sock_filter)};

    load(&program, offsetof(struct seccomp_data, arch));
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    refuse(&program, ENOSYS);
    load(&program, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    add(&program, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    refuse(&program, ENOSYS);
#endif
    for (size_t i = 0; i < COUNT(refusals); i++) refuse_if_equal(&program, refusals[i].number, refusals[i].error);

    refuse_flags(&program, SYS_clone, NEW_NAMESPACES);
    refuse_flags(&program, SYS_unshare, NEW_NAMESPACES | TIME_NAMESPACE);

    for (size_t i = 0; i < COUNT(of_first_process); i++)
        refuse_target(&program, of_first_process[i].number, of_first_process[i].argument, 1);
    refuse_limits_of_others(&program);
    refuse_priority(&program, SYS_setpriority, PRIO_USER);
    refuse_priority(&program, SYS_ioprio_set, IOPRIO_USER);

    size_t start = begin_block(&program, SYS_ioctl);
    load_argument(&program, 1);
    for (size_t i = 0; i < COUNT(refused_requests); i++) refuse_if_equal(&program, refused_requests[i], EPERM);
    end_block(&program, start);

    start = begin_block(&program, SYS_socket);
    load_argument(&program, 0);
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 4);
    load_argument(&program, 2);
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, NETLINK_OF_INTERFACES, 1, 0);
    refuse(&program, EPROTONOSUPPORT);
    answer(&program, SECCOMP_RET_ALLOW);
    require_one_of(&program, allowed_families, COUNT(allowed_families), EAFNOSUPPORT);
    load_argument(&program, 2);
    require_one_of(&program, allowed_protocols, COUNT(allowed_protocols), EPROTONOSUPPORT);
    end_block(&program, start);

    start = begin_block(&program, SYS_socketpair);
    load_argument(&program, 0);
    require_one_of(&program, allowed_families, 1, EAFNOSUPPORT);
    end_block(&program, start);

    add(&program, BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN, 0, 1);
    refuse(&program, ENOSYS);
    answer(&program, SECCOMP_RET_ALLOW);
    if (program.count > program.capacity) return -ENOSPC;
    return (ssize_t)(program.count * sizeof(struct sock_filter));
}

bool cspawn_has_syscall_filters(void) {
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

#else

ssize_t cspawn_syscall_filter(void *buffer, size_t size) { (void)buffer; (void)size; return -ENOSYS; }
bool cspawn_has_syscall_filters(void) { return false; }

#endif
