// Pseudo-terminals.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSpawn.h"

#include <errno.h>

#ifdef __linux__

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int cspawn_terminal(int ends[2], uint16_t columns, uint16_t rows) {
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0) return -errno;
    int locked = 0, slave = -1, code;
    if (ioctl(master, TIOCSPTLCK, &locked) != 0) goto failed;
    // By the master itself: a name in /dev/pts could lead to another instance.
    slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) goto failed;
    struct termios settings;
    // Erasing a character takes all its bytes away.
    if (tcgetattr(slave, &settings) == 0) {
        settings.c_iflag |= IUTF8;
        tcsetattr(slave, TCSANOW, &settings);
    }
    code = cspawn_set_window(master, columns, rows);
    if (code != 0) {
        close(slave);
        close(master);
        return code;
    }
    ends[0] = master;
    ends[1] = slave;
    return 0;
failed:
    code = -errno;
    close(master);
    return code;
}

int cspawn_set_window(int terminal, uint16_t columns, uint16_t rows) {
    struct winsize size;
    memset(&size, 0, sizeof size);
    size.ws_col = columns;
    size.ws_row = rows;
    return ioctl(terminal, TIOCSWINSZ, &size) == 0 ? 0 : -errno;
}

#else

int cspawn_terminal(int ends[2], uint16_t columns, uint16_t rows) {
    (void)ends; (void)columns; (void)rows;
    return -ENOSYS;
}
int cspawn_set_window(int terminal, uint16_t columns, uint16_t rows) {
    (void)terminal; (void)columns; (void)rows;
    return -ENOSYS;
}

#endif
