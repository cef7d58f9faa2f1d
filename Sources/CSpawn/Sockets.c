// Local sockets: their names beneath an open directory, who is at the other end, descriptors that travel over them.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSpawn.h"

#include <errno.h>

#ifdef __linux__

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// A path of any length fits: the directory is named by its descriptor.
static int address_of(int directory, const char *name, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int count = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", directory, name);
    return count > 0 && (size_t)count < sizeof address->sun_path ? 0 : -ENAMETOOLONG;
}

int cspawn_listen_local(int directory, const char *name) {
    struct sockaddr_un address;
    int code = address_of(directory, name, &address);
    if (code < 0) return code;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    if (unlinkat(directory, name, 0) != 0 && errno != ENOENT) goto failed;
    // The mode of the socket's own inode is that of the file which bind makes, without a moment in between.
    if (fchmod(descriptor, 0600) != 0 || bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0
        || fchmodat(directory, name, 0600, 0) != 0 || listen(descriptor, 16) != 0)
        goto failed;
    return descriptor;
failed:
    code = -errno;
    close(descriptor);
    return code;
}

int cspawn_connect_local(int directory, const char *name, int milliseconds) {
    struct sockaddr_un address;
    int code = address_of(directory, name, &address);
    if (code < 0) return code;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    // Only connect waits for room in a full queue; nothing else tells when there is some (poll does not).
    struct timeval patience = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    if (setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) goto failed;
    while (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        if (errno != EINTR) goto failed;
    if (fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) goto failed;
    return descriptor;
failed:
    code = -errno;
    close(descriptor);
    return code;
}

int cspawn_accept(int listener) {
    int descriptor;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0 && errno == EINTR) {}
    return descriptor < 0 ? -errno : descriptor;
}

int cspawn_peer(int descriptor, pid_t *pid, uid_t *user) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return -errno;
    *pid = credentials.pid;
    *user = credentials.uid;
    return 0;
}

int cspawn_send_descriptor(int socket, int descriptor, uint8_t tag) {
    struct iovec part = {.iov_base = &tag, .iov_len = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    ssize_t count;
    while ((count = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT)) < 0 && errno == EINTR) {}
    return count < 0 ? -errno : 0;
}

int cspawn_receive_descriptor(int socket, uint8_t *tag) {
    struct iovec part = {.iov_base = tag, .iov_len = 1};
    union {
        struct cmsghdr header;
        // Room for more than is ever sent: what the kernel cannot deliver it would otherwise cut off silently.
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t count;
    while ((count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) < 0 && errno == EINTR) {}
    if (count < 0) return -errno;
    int result = count == 0 ? -EPIPE : -EBADMSG;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t number = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < number; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            // One a message is what was agreed; others must not stay open.
            if (result == -EBADMSG) result = descriptor; else close(descriptor);
        }
    }
    return result;
}

#else

int cspawn_listen_local(int directory, const char *name) { (void)directory; (void)name; return -ENOSYS; }
int cspawn_connect_local(int directory, const char *name, int milliseconds) {
    (void)directory; (void)name; (void)milliseconds;
    return -ENOSYS;
}
int cspawn_accept(int listener) { (void)listener; return -ENOSYS; }
int cspawn_peer(int descriptor, pid_t *pid, uid_t *user) { (void)descriptor; (void)pid; (void)user; return -ENOSYS; }
int cspawn_send_descriptor(int socket, int descriptor, uint8_t tag) {
    (void)socket; (void)descriptor; (void)tag;
    return -ENOSYS;
}
int cspawn_receive_descriptor(int socket, uint8_t *tag) { (void)socket; (void)tag; return -ENOSYS; }

#endif
