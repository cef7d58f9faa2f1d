import Glibc
import Testing

/// A small C program that makes one system call after another and prints what came of it, one `name errno` a line.
///
/// Every call is harmless wherever it runs: arguments that no kernel acts on, or a child that ends at once. Run outside
/// a sandbox it shows that the attack is not refused there anyway.
enum Probe {
    static let isAvailable = access("/usr/bin/gcc", X_OK) == 0

    /// Builds it as `path`.
    static func build(_ path: String) throws {
        try TestSandbox.write(path + ".c", source)
        try #require(system("/usr/bin/gcc -O1 -w -o '\(path)' '\(path).c'") == 0)
        unlink(path + ".c")
    }

    /// The results by name.
    static func parse(_ text: String) -> [String: Int32] {
        var results: [String: Int32] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let number = Int32(words[1]) { results[String(words[0])] = number }
        }
        return results
    }

    /// What it prints outside; calls that concern the whole machine are left out.
    static func runOutside(_ path: String, _ arguments: String = "outside") throws -> [String: Int32] {
        let stream = try #require(popen("'\(path)' \(arguments)", "r"))
        defer { pclose(stream) }
        var text = ""
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, Int32(buffer.count), stream) != nil {
            text += String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return parse(text)
    }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <pthread.h>
        #include <sched.h>
        #include <signal.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <string.h>
        #include <sys/ioctl.h>
        #include <sys/ptrace.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/syscall.h>
        #include <sys/un.h>
        #include <sys/wait.h>
        #include <unistd.h>

        static void say(const char *name, long result) {
            printf("%s %d\n", name, result < 0 ? errno : 0);
            fflush(stdout);
        }
        #define CALL(name, ...) say(name, syscall(__VA_ARGS__))
        // In a child of its own, for calls that change the caller.
        #define CHILD(name, call) do { \
            pid_t pid = fork(); \
            if (pid == 0) _exit((call) < 0 ? errno : 0); \
            int status = 0; waitpid(pid, &status, 0); \
            printf("%s %d\n", name, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status)); fflush(stdout); \
        } while (0)

        static void *nothing(void *argument) { return argument; }

        static int reach(const char *path, int abstract) {
            struct sockaddr_un address = {.sun_family = AF_UNIX};
            size_t length = strlen(path);
            memcpy(address.sun_path + abstract, path, length);
            int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
            return connect(descriptor, (struct sockaddr *)&address,
                           offsetof(struct sockaddr_un, sun_path) + length + 1);
        }

        int main(int count, char **arguments) {
            if (count == 3) {
                say("connect", reach(arguments[2], !strcmp(arguments[1], "abstract")));
                return 0;
            }
            int outside = count > 1;
            pid_t self = getpid();
            int null = open("/dev/null", O_RDWR);
            char place[128];

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
            CALL("setns", SYS_setns, -1, 0);
            CALL("open_by_handle_at", SYS_open_by_handle_at, -1, NULL, 0);
            CHILD("unshare_user", unshare(CLONE_NEWUSER));
            CHILD("unshare_net", unshare(CLONE_NEWNET));
            CHILD("unshare_time", unshare(0x80));
            CHILD("clone_user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0L, 0L, 0L, 0L));
            CALL("clone3", 435, NULL, 0L);

            CHILD("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0));
            CALL("process_vm_readv", SYS_process_vm_readv, self, NULL, 0L, NULL, 0L, 0L);
            CALL("process_vm_writev", SYS_process_vm_writev, self, NULL, 0L, NULL, 0L, 0L);
            CALL("pidfd_getfd", 438, -1, 0, 0);
            CALL("kcmp", SYS_kcmp, self, self, 0, 0L, 0L);

            CALL("keyctl", SYS_keyctl, 99999L, 0L, 0L, 0L, 0L);
            CALL("add_key", SYS_add_key, NULL, NULL, NULL, 0L, 0);
            CALL("request_key", SYS_request_key, NULL, NULL, NULL, 0);
            CALL("bpf", SYS_bpf, 0x7fff, NULL, 0);
            CALL("perf_event_open", SYS_perf_event_open, NULL, 0, -1, -1, 0L);
            CALL("userfaultfd", SYS_userfaultfd, O_CLOEXEC | 1);
            CALL("io_uring_setup", 425, 1, NULL);
            CALL("io_uring_enter", 426, -1, 0, 0, 0, NULL, 0L);
            CALL("io_uring_register", 427, -1, 0, NULL, 0);

            CALL("TIOCSTI", SYS_ioctl, null, 0x5412L, "x");
            CALL("TIOCSTI_high", SYS_ioctl, null, 0x7fffffff00005412L, "x");
            CALL("TIOCLINUX", SYS_ioctl, null, 0x541CL, "x");
            CALL("TIOCLINUX_high", SYS_ioctl, null, 0x100000000L | 0x541C, "x");
            CALL("TIOCSETD", SYS_ioctl, null, 0x5423L, "x");

            CALL("netlink_generic", SYS_socket, 16, SOCK_RAW, 16);
            CALL("netlink_diag", SYS_socket, 16, SOCK_DGRAM, 4);
            CALL("vsock", SYS_socket, 40, SOCK_STREAM, 0);
            CALL("packet", SYS_socket, 17, SOCK_DGRAM, 0);
            CALL("alg", SYS_socket, 38, SOCK_SEQPACKET, 0);
            CALL("key", SYS_socket, 15, SOCK_RAW, 2);
            CALL("can", SYS_socket, 29, SOCK_RAW, 1);
            CALL("tipc", SYS_socket, 30, SOCK_DGRAM, 0);
            CALL("bluetooth", SYS_socket, 31, SOCK_RAW, 0);
            CALL("xdp", SYS_socket, 44, SOCK_RAW, 0);
            CALL("netlink_high", SYS_socket, 0x100000000L | 16, SOCK_RAW, 0x100000000L | 12);
            CALL("sctp", SYS_socket, AF_INET, SOCK_STREAM, 132);
            CALL("raw", SYS_socket, AF_INET, SOCK_RAW, 255);
            int pair[2];
            CALL("tipc_pair", SYS_socketpair, 30, SOCK_DGRAM, 0, pair);
        #ifdef __x86_64__
            int result = 20;  // getpid of the 32-bit table
            __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
            printf("i386 %d\n", result < 0 ? -result : 0);
            CALL("x32", 0x40000000L | SYS_getpid);
            CALL("x32_ptrace", 0x40000000L | 521, 0L, 0L, 0L, 0L);
        #endif
            CALL("unknown", 10000);

            if (!outside) {
                CALL("finit_module", SYS_finit_module, -1, "", 0);
                CALL("delete_module", SYS_delete_module, "", 0);
                CALL("kexec_load", SYS_kexec_load, 0L, 10000L, NULL, 0L);
                CALL("kexec_file_load", SYS_kexec_file_load, -1, -1, 0L, NULL, ~0L);
                CALL("reboot", SYS_reboot, 0, 0, 0, NULL);
                CALL("swapon", SYS_swapon, "/nonexistent", 0);
                CALL("acct", SYS_acct, "/nonexistent");
                CALL("syslog", SYS_syslog, 10, NULL, 0);
                CALL("sethostname", SYS_sethostname, NULL, -1L);
                CALL("settimeofday", SYS_settimeofday, NULL, NULL);
                // The supervisor's. Whom nothing hinders gets another error, or changes nothing.
                CALL("setscheduler_first", SYS_sched_setscheduler, 1, 0, NULL);
                CALL("setparam_first", SYS_sched_setparam, 1, NULL);
                CALL("setattr_first", SYS_sched_setattr, 1, NULL, 0);
                CALL("setattr_first_high", SYS_sched_setattr, 0x100000001L, NULL, 0);
                CALL("setaffinity_first", SYS_sched_setaffinity, 1, 128L, memset(place, 0xFF, sizeof place));
                CALL("setpriority_first", SYS_setpriority, PRIO_PROCESS, 1, 0);
                CALL("setpriority_group", SYS_setpriority, PRIO_PGRP, 1, 0);
                CALL("setpriority_user", SYS_setpriority, PRIO_USER, 0, 0);
                CALL("ioprio_first", SYS_ioprio_set, 1, 1, 0);
                CALL("ioprio_user", SYS_ioprio_set, 3, 0, 0);
                struct rlimit limit;
                CALL("limits_of_first", SYS_prlimit64, 1, RLIMIT_CORE, getrlimit(RLIMIT_CORE, &limit) ? 0 : &limit, NULL);
        #ifdef __x86_64__
                CALL("iopl", SYS_iopl, 99);
        #endif
            }

            // What must go on working.
            CALL("tcp", SYS_socket, AF_INET, SOCK_STREAM, 6);
            CALL("udp6", SYS_socket, AF_INET6, SOCK_DGRAM, 0);
            CALL("unix", SYS_socket, AF_UNIX, SOCK_STREAM, 0);
            CALL("netlink_route", SYS_socket, 16, SOCK_RAW, 0);
            CALL("unix_pair", SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, pair);
            CHILD("unshare_files", unshare(CLONE_FILES | CLONE_FS));
            CHILD("fork", 0);
            pthread_t thread;
            printf("thread %d\n", pthread_create(&thread, NULL, nothing, NULL));
            pthread_join(thread, NULL);
            cpu_set_t processors;
            pthread_getaffinity_np(pthread_self(), sizeof processors, &processors);
            errno = pthread_setaffinity_np(pthread_self(), sizeof processors, &processors);
            say("own_affinity", errno ? -1 : 0);
            CALL("own_priority", SYS_setpriority, PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0));
            CHILD("batch", sched_setscheduler(getpid(), SCHED_BATCH, &(struct sched_param){0}));
            int bytes;
            CALL("FIONREAD", SYS_ioctl, pair[0], 0x541BL, &bytes);
            return 0;
        }
        """#
}
