// The attacks that a shell cannot make. `probe KIND ARGUMENTS` prints BITE when it got through, else `refused: ERRNO`.
//
// Every call is harmless where it does get through: its arguments are ones that no kernel acts on, or it is made in a child
// that ends at once. "Got through" is then any other error than the one that a refusal gives.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int bite(void) { puts("BITE"); return 0; }

static int refused(int error) {
    const char *name = strerrorname_np(error);
    printf("refused: %s\n", name ? name : "?");
    return 1;
}

static int verdict(long result) { return result < 0 ? refused(errno) : bite(); }

// A refusal is EPERM or ENOSYS, and of a socket's kind EAFNOSUPPORT or EPROTONOSUPPORT.
static int call_verdict(long result) {
    int is_refusal = errno == EPERM || errno == ENOSYS || errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT;
    return result < 0 && is_refusal ? refused(errno) : bite();
}

static long in_child(long (*call)(void)) {
    pid_t pid = fork();
    if (pid == 0) _exit(call() < 0 ? errno : 0);
    int status = 0;
    waitpid(pid, &status, 0);
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    return errno == 0 ? 0 : -1;
}

static long unshare_user(void) { return unshare(CLONE_NEWUSER); }
static long unshare_net(void) { return unshare(CLONE_NEWNET); }
static long unshare_mount(void) { return unshare(CLONE_NEWNS); }
static long unshare_pid(void) { return unshare(CLONE_NEWPID); }
static long unshare_time(void) { return unshare(0x80); }
static long unshare_cgroup(void) { return unshare(CLONE_NEWCGROUP); }
static long clone_user(void) {
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0L, 0L, 0L, 0L);
    if (pid == 0) _exit(0);
    return pid;
}
static long traced(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0); }
static long ldt(void) { char buffer[16]; return syscall(SYS_modify_ldt, 0, buffer, sizeof buffer); }
static long hangup(void) { return setsid() < 0 ? -1 : syscall(SYS_vhangup); }

static int system_call(const char *name) {
    pid_t self = getpid();
    char text[64] = "x";
    struct iovec vector = {text, 1};
#define CALL(label, ...) if (!strcmp(name, label)) return call_verdict(syscall(__VA_ARGS__))
#define CHILD(label, function) if (!strcmp(name, label)) return call_verdict(in_child(function))
    CALL("mount", SYS_mount, "x", "/nonexistent/x", "tmpfs", 0L, NULL);
    CALL("umount2", SYS_umount2, "/nonexistent/x", 0);
    CALL("pivot_root", SYS_pivot_root, "/nonexistent", "/nonexistent");
    CALL("chroot", SYS_chroot, "/nonexistent");
    CALL("open_tree", 428, -1, "x", 0);
    CALL("move_mount", 429, -1, "x", -1, "x", 0);
    CALL("fsopen", 430, NULL, 0);
    CALL("fsconfig", 431, -1, 0, NULL, NULL, 0);
    CALL("fsmount", 432, -1, 0, 0);
    CALL("fspick", 433, -1, "x", 0);
    CALL("mount_setattr", 442, -1, "x", 0, NULL, 0L);
    CALL("statmount", 457, NULL, NULL, 0L, 0);
    CALL("listmount", 458, NULL, NULL, 0L, 0);
    CALL("setns", SYS_setns, -1, 0);
    CALL("open_by_handle_at", SYS_open_by_handle_at, -1, NULL, 0);
    CALL("quotactl", SYS_quotactl, -1, NULL, 0, NULL);
    CALL("quotactl_fd", 443, -1, 0, 0, NULL);
    CALL("acct", SYS_acct, "/nonexistent");
    CALL("swapon", SYS_swapon, "/nonexistent", 0);
    CALL("swapoff", SYS_swapoff, "/nonexistent");
    CALL("fanotify_init", SYS_fanotify_init, 0x200L /* FAN_REPORT_FID, for everybody */, 0);
    CALL("clone3", 435, NULL, 0L);
    CALL("process_vm_readv", SYS_process_vm_readv, self, &vector, 1L, &vector, 1L, 0L);
    CALL("process_vm_writev", SYS_process_vm_writev, self, &vector, 1L, &vector, 1L, 0L);
    CALL("pidfd_getfd", 438, -1, 0, 0);
    CALL("kcmp", SYS_kcmp, self, self, 0, 0L, 0L);
    CALL("process_madvise", 440, -1, NULL, 0L, 0, 0);
    CALL("keyctl", SYS_keyctl, 0L, -3L, 0L, 0L, 0L);
    CALL("add_key", SYS_add_key, NULL, NULL, NULL, 0L, 0);
    CALL("request_key", SYS_request_key, NULL, NULL, NULL, 0);
    CALL("bpf", SYS_bpf, 0x7fff, NULL, 0);
    CALL("perf_event_open", SYS_perf_event_open, NULL, 0, -1, -1, 0L);
    CALL("userfaultfd", SYS_userfaultfd, O_CLOEXEC | 1);
    CALL("io_uring_setup", 425, 1, NULL);
    CALL("io_uring_enter", 426, -1, 0, 0, 0, NULL, 0L);
    CALL("io_uring_register", 427, -1, 0, NULL, 0);
    CALL("migrate_pages", SYS_migrate_pages, self, 0L, NULL, NULL);
    CALL("move_pages", SYS_move_pages, self, 0L, NULL, NULL, NULL, 0x1000);
    CALL("init_module", SYS_init_module, "", 0L, "");
    CALL("finit_module", SYS_finit_module, -1, "", 0);
    CALL("delete_module", SYS_delete_module, "", 0);
    CALL("kexec_load", SYS_kexec_load, 0L, 10000L, NULL, 0L);
    CALL("kexec_file_load", SYS_kexec_file_load, -1, -1, 0L, NULL, ~0L);
    CALL("reboot", SYS_reboot, 0, 0, 0, NULL);
    CALL("syslog", SYS_syslog, 10, NULL, 0);
    CALL("settimeofday", SYS_settimeofday, NULL, NULL);
    CALL("clock_settime", SYS_clock_settime, CLOCK_REALTIME, NULL);
    CALL("clock_adjtime", SYS_clock_adjtime, CLOCK_REALTIME, NULL);
    CALL("adjtimex", SYS_adjtimex, NULL);
    CALL("sethostname", SYS_sethostname, NULL, -1L);
    CALL("setdomainname", SYS_setdomainname, NULL, -1L);
#ifdef __x86_64__
    CALL("iopl", SYS_iopl, 99);
    CALL("ioperm", SYS_ioperm, 1L << 20, 1L, 0);
    CHILD("modify_ldt", ldt);
    CALL("x32", 0x40000000L | SYS_getpid);
    if (!strcmp(name, "i386")) {
        int result = 20;  // getpid of the 32-bit table
        __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
        errno = result < 0 ? -result : 0;
        return call_verdict(result < 0 ? -1 : 0);
    }
#endif
    CHILD("unshare_user", unshare_user);
    CHILD("unshare_net", unshare_net);
    CHILD("unshare_mount", unshare_mount);
    CHILD("unshare_pid", unshare_pid);
    CHILD("unshare_time", unshare_time);
    CHILD("unshare_cgroup", unshare_cgroup);
    CHILD("clone_user", clone_user);
    CHILD("ptrace", traced);
    CHILD("vhangup", hangup);
    int null = open("/dev/null", O_RDWR);
    CALL("TIOCLINUX", SYS_ioctl, null, 0x541CL, "x");
    CALL("TIOCLINUX_high", SYS_ioctl, null, 0x100000000L | 0x541C, "x");
    CALL("TIOCCONS", SYS_ioctl, null, 0x541DL, 0L);
    CALL("TIOCSETD", SYS_ioctl, null, 0x5423L, text);
    CALL("vsock", SYS_socket, 40, SOCK_STREAM, 0);
    CALL("packet", SYS_socket, 17, SOCK_DGRAM, 0);
    CALL("alg", SYS_socket, 38, SOCK_SEQPACKET, 0);
    CALL("key", SYS_socket, 15, SOCK_RAW, 2);
    CALL("can", SYS_socket, 29, SOCK_RAW, 1);
    CALL("tipc", SYS_socket, 30, SOCK_DGRAM, 0);
    CALL("bluetooth", SYS_socket, 31, SOCK_RAW, 0);
    CALL("xdp", SYS_socket, 44, SOCK_RAW, 0);
    CALL("rds", SYS_socket, 21, SOCK_SEQPACKET, 0);
    CALL("netlink_generic", SYS_socket, 16, SOCK_RAW, 16);
    CALL("netlink_netfilter", SYS_socket, 16, SOCK_RAW, 12);
    CALL("netlink_diag", SYS_socket, 16, SOCK_RAW, 4);
    CALL("netlink_uevent", SYS_socket, 16, SOCK_RAW, 15);
    CALL("netlink_xfrm", SYS_socket, 16, SOCK_RAW, 6);
    CALL("netlink_high", SYS_socket, 0x100000000L | 16, SOCK_RAW, 0x100000000L | 16);
    CALL("sctp", SYS_socket, AF_INET, SOCK_STREAM, 132);
    CALL("mptcp", SYS_socket, AF_INET, SOCK_STREAM, 262);
    CALL("udplite", SYS_socket, AF_INET, SOCK_DGRAM, 136);
    CALL("raw_udp", SYS_socket, AF_INET, SOCK_RAW, 17);
    CALL("raw", SYS_socket, AF_INET, SOCK_RAW, 255);
    printf("no such call: %s\n", name);
    return 2;
}

static struct addrinfo *address_of(const char *host, const char *port, int kind) {
    struct addrinfo hints = {.ai_socktype = kind}, *found = NULL;
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0) printf("refused: %s\n", gai_strerror(code));
    return code == 0 ? found : NULL;
}

// Connected and the banner read.
static int tcp(const char *host, const char *port) {
    struct addrinfo *address = address_of(host, port, SOCK_STREAM);
    if (address == NULL) return 1;
    int descriptor = socket(address->ai_family, SOCK_STREAM, 0);
    struct timeval patience = {5, 0};
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(descriptor, address->ai_addr, address->ai_addrlen) != 0) return refused(errno);
    char text[64];
    return read(descriptor, text, sizeof text) > 0 ? bite() : refused(errno);
}

// Sent and an answer received.
static int udp(const char *host, const char *port) {
    struct addrinfo *address = address_of(host, port, SOCK_DGRAM);
    if (address == NULL) return 1;
    int descriptor = socket(address->ai_family, SOCK_DGRAM, 0), yes = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
    setsockopt(descriptor, IPPROTO_IP, IP_RECVERR, &yes, sizeof yes);
    // A query for "leak.test", for a server of names; any other server takes it as it is.
    static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04leak\x04test\x00\x00\x01\x00\x01";
    if (sendto(descriptor, query, sizeof query - 1, 0, address->ai_addr, address->ai_addrlen) < 0) return refused(errno);
    struct pollfd ready = {descriptor, POLLIN, 0};
    if (poll(&ready, 1, 3000) <= 0) return refused(ETIMEDOUT);
    char text[512];
    return recv(descriptor, text, sizeof text, 0) > 0 ? bite() : refused(errno);
}

static int fast_open(const char *host, const char *port) {
    struct addrinfo *address = address_of(host, port, SOCK_STREAM);
    if (address == NULL) return 1;
    int descriptor = socket(address->ai_family, SOCK_STREAM, 0);
    return verdict(sendto(descriptor, "x", 1, MSG_FASTOPEN, address->ai_addr, address->ai_addrlen));
}

static int ping(const char *host, int kind) {
    struct addrinfo *address = address_of(host, NULL, SOCK_DGRAM);
    if (address == NULL) return 1;
    int descriptor = socket(AF_INET, kind, 1);
    if (descriptor < 0) return refused(errno);
    static const char echo[] = {8, 0, 0xf7, 0xfe, 0, 1, 0, 0};
    return verdict(sendto(descriptor, echo, sizeof echo, 0, address->ai_addr, address->ai_addrlen));
}

static int local(const char *path, int abstract) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    memcpy(address.sun_path + abstract, path, length);
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + length + 1;
    if (connect(descriptor, (struct sockaddr *)&address, size) != 0) return refused(errno);
    return bite();
}

static int opening(const char *flags, const char *path) {
    return verdict(open(path, (*flags == 'w' ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_NOCTTY));
}

// Puts a byte into the input of a terminal of its own, and looks whether it is there.
static int type_into_terminal(unsigned long request) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) { printf("no terminal: %m\n"); return 2; }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        int terminal = open(ptsname(master), O_RDWR);
        if (syscall(SYS_ioctl, terminal, TIOCSCTTY, 0L) != 0) _exit(errno);
        if (syscall(SYS_ioctl, terminal, request, "\n") != 0) _exit(errno);
        char byte;
        fcntl(terminal, F_SETFL, O_NONBLOCK);
        _exit(read(terminal, &byte, 1) == 1 ? 0 : ENODATA);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    if (code == EIO) { puts("unavailable: this kernel takes no TIOCSTI (dev.tty.legacy_tiocsti)"); return 1; }
    return code == 0 ? bite() : refused(code);
}

static int shared_memory(const char *key) {
    int segment = shmget((key_t)strtoul(key, NULL, 0), 0, 0);
    if (segment < 0) return refused(errno);
    const char *text = shmat(segment, NULL, SHM_RDONLY);
    if (text == (void *)-1) return refused(errno);
    printf("%.40s\n", text);
    return bite();
}

static int message_queue(const char *key) { return verdict(msgget((key_t)strtoul(key, NULL, 0), 0)); }
static int posix_queue(const char *name) { return verdict(mq_open(name, O_RDONLY | O_NONBLOCK)); }

// Makes a posix queue, a message queue or shared memory (with text in it) and keeps the first of them.
static int offer(char **arguments) {
    mq_open(arguments[0], O_RDWR | O_CREAT, 0666, NULL);
    key_t key = (key_t)strtoul(arguments[1], NULL, 0);
    msgget(key, IPC_CREAT | 0666);
    char *text = shmat(shmget(key, 4096, IPC_CREAT | 0666), NULL, 0);
    if (text == (void *)-1) return refused(errno);
    strncpy(text, arguments[2], 4000);
    return 0;
}

static void *wait_for_ever(void *argument) { pause(); return argument; }

static int processes(int count) {
    int made = 0;
    pid_t first = 0;
    for (; made < count; made++) {
        pid_t pid = fork();
        if (pid < 0) break;
        if (pid == 0) { pause(); _exit(0); }
        if (first == 0) { first = pid; }
        setpgid(pid, first);
    }
    int error = errno;
    if (first > 0) kill(-first, SIGKILL);
    printf("%d processes\n", made);
    return made == count ? bite() : refused(error);
}

static int threads(int count) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    for (int made = 0; made < count; made++) {
        pthread_t thread;
        int error = pthread_create(&thread, &attributes, wait_for_ever, NULL);
        if (error != 0) { printf("%d threads\n", made); return refused(error); }
    }
    return bite();
}

static int files(int count) {
    for (int made = 0; made < count; made++) {
        if (open("/dev/null", O_RDONLY) < 0) { printf("%d files\n", made); return refused(errno); }
    }
    return bite();
}

// Takes memory and keeps it for some seconds: where no control group holds, somebody looks from time to time.
static int memory(long mebibytes, int seconds) {
    for (long i = 0; i < mebibytes; i++) {
        char *block = malloc(1 << 20);
        if (block == NULL) return refused(ENOMEM);
        for (int at = 0; at < 1 << 20; at += 4096) block[at] = (char)(at + i);
    }
    for (int i = 0; i < seconds * 10; i++) usleep(100000);
    return bite();
}

static int sysv_memory(long mebibytes, int seconds) {
    int segment = shmget(IPC_PRIVATE, (size_t)mebibytes << 20, IPC_CREAT | 0600);
    if (segment < 0) return refused(errno);
    char *text = shmat(segment, NULL, 0);
    shmctl(segment, IPC_RMID, NULL);
    if (text == (void *)-1) return refused(errno);
    for (long at = 0; at < mebibytes << 20; at += 4096) text[at] = 1;
    for (int i = 0; i < seconds * 10; i++) usleep(100000);
    return bite();
}

// Writes to a file until so many bytes are in it.
static int fill(const char *path, long mebibytes) {
    signal(SIGXFSZ, SIG_IGN);
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (descriptor < 0) return refused(errno);
    int code = 0;
    for (long i = 0; i < mebibytes && code == 0; i++) {
        for (size_t done = 0; done < sizeof block && code == 0;) {
            ssize_t count = write(descriptor, block + done, sizeof block - done);
            if (count < 0) code = errno; else done += (size_t)count;
        }
    }
    unlink(path);
    return code == 0 ? bite() : refused(code);
}

static int limit_of(pid_t pid) {
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) != 0) return refused(errno);
    limit.rlim_cur = limit.rlim_max = limit.rlim_max - 1;
    return verdict(prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
}

static int schedule(pid_t pid) {
    struct sched_param none = {0};
    return verdict(sched_setscheduler(pid, SCHED_IDLE, &none));
}

static int affinity(pid_t pid) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    return verdict(sched_setaffinity(pid, sizeof one, &one));
}

static int peek(pid_t pid) {
    char path[64], line[512];
    unsigned long start = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "r");
    if (maps == NULL) return refused(errno);
    while (fgets(line, sizeof line, maps) && start == 0)
        if (strstr(line, "[stack]")) start = strtoul(line, NULL, 16);
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0) return refused(errno);
    return verdict(pread(descriptor, line, 8, (off_t)start));
}

static int signal_all(pid_t pid) {
    int sent = 0;
    for (int number = 1; number <= SIGRTMAX; number++)
        if (number != SIGCHLD && kill(pid, number) == 0) sent++;
    printf("%d signals\n", sent);
    // Long enough for one of them to act.
    usleep(200000);
    return kill(pid, 0) == 0 ? refused(EALREADY) : bite();
}


// Exchanges two names without end, so that what was looked at is another thing when it is used.
static int flip(const char *one, const char *other, int seconds) {
    time_t end = time(NULL) + seconds;
    long flips = 0;
    for (; flips % 1024 != 0 || time(NULL) < end; flips++) {
        if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) != 0) return refused(errno);
        if (flips % 64 == 0) sched_yield();
    }
    printf("%ld exchanges\n", flips);
    return 0;
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *kind = count > 1 ? arguments[1] : "";
    const char *first = count > 2 ? arguments[2] : "", *second = count > 3 ? arguments[3] : "";
    if (!strcmp(kind, "call")) return system_call(first);
    if (!strcmp(kind, "tcp")) return tcp(first, second);
    if (!strcmp(kind, "udp")) return udp(first, second);
    if (!strcmp(kind, "fastopen")) return fast_open(first, second);
    if (!strcmp(kind, "ping")) return ping(first, *second == 'r' ? SOCK_RAW : SOCK_DGRAM);
    if (!strcmp(kind, "resolve")) return address_of(first, "80", SOCK_STREAM) ? bite() : 1;
    if (!strcmp(kind, "unix")) return local(first, 0);
    if (!strcmp(kind, "abstract")) return local(first, 1);
    if (!strcmp(kind, "open")) return opening(first, second);
    if (!strcmp(kind, "type")) return type_into_terminal(strtoul(first, NULL, 0));
    if (!strcmp(kind, "shm")) return shared_memory(first);
    if (!strcmp(kind, "msg")) return message_queue(first);
    if (!strcmp(kind, "mq")) return posix_queue(first);
    if (!strcmp(kind, "offer") && count == 5) return offer(arguments + 2);
    if (!strcmp(kind, "processes")) return processes(atoi(first));
    if (!strcmp(kind, "threads")) return threads(atoi(first));
    if (!strcmp(kind, "files")) return files(atoi(first));
    if (!strcmp(kind, "memory")) return memory(atol(first), atoi(second));
    if (!strcmp(kind, "sysv")) return sysv_memory(atol(first), atoi(second));
    if (!strcmp(kind, "fill")) return fill(first, atol(second));
    if (!strcmp(kind, "limit")) return limit_of(atoi(first));
    if (!strcmp(kind, "schedule")) return schedule(atoi(first));
    if (!strcmp(kind, "affinity")) return affinity(atoi(first));
    if (!strcmp(kind, "peek")) return peek(atoi(first));
    if (!strcmp(kind, "flip") && count == 5) return flip(first, second, atoi(arguments[4]));
    if (!strcmp(kind, "signals")) return signal_all(atoi(first));
    fprintf(stderr, "no such attack: %s\n", kind);
    return 2;
}
