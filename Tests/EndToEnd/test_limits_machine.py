"""Control groups of version 2, which this machine may not have: a small virtual machine under software emulation with Debian's
kernel, in which a probe tries the limits of real sandboxes. Runs in `make test-all` only."""
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import BIN, ROOT

pytestmark = [
    pytest.mark.skipif(not os.environ.get("COFFERDAM_LONG_TESTS"), reason="only in make test-all"),
]

KERNEL_CACHE = ROOT / ".build" / "test-kernel"
SECONDS = 900  # a bound for what hangs, not a measure: emulation on a loaded machine is slow

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# bubblewrap changes the root, which cannot be done in the first file system.
if [ -z "$SECOND" ]; then
    mkdir /new
    mount -t tmpfs -o size=300m tmpfs /new
    cp -a /bin /etc /lib /lib64 /usr /init /overlay.ko /new/ 2>/dev/null
    mkdir -p /new/proc /new/sys /new/dev /new/tmp /new/run /new/root /new/var
    umount /proc /sys
    export SECOND=1
    exec switch_root /new /init
fi
insmod /overlay.ko
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo 0 > /proc/sys/kernel/printk
ifconfig lo up
export PATH=/usr/bin:/bin COFFERDAM_SUPERVISOR=/usr/bin/cofferdam-supervisor LD_LIBRARY_PATH=/usr/lib
echo  # ends the line that the firmware began
echo "== root"
cofferdam-limits-probe /tmp/root 0
echo "== user"
# As systemd's user manager leaves it: app.slice belongs to the user, has the controllers, and no processes of its own.
cd /sys/fs/cgroup
mkdir -p user.slice/app.slice/editor.scope
echo "+memory +pids +cpu" > cgroup.subtree_control
echo "+memory +pids +cpu" > user.slice/cgroup.subtree_control
echo "+memory +pids +cpu" > user.slice/app.slice/cgroup.subtree_control
chown -R 1000:1000 user.slice/app.slice
echo $$ > user.slice/app.slice/editor.scope/cgroup.procs
mkdir -p /tmp/user && chown 1000:1000 /tmp/user && chmod 1777 /tmp
cofferdam-limits-probe /tmp/user/work 1000
echo "== delegated"
# As systemd leaves the unit of a service with Delegate=yes.
unit=system.slice/cofferdamd.service
mkdir -p $unit
echo "+memory +pids +cpu" > system.slice/cgroup.subtree_control
delegate /sys/fs/cgroup/$unit
echo $$ > $unit/cgroup.procs
cofferdam-limits-probe /tmp/delegated 0
echo "own $(cat /proc/self/cgroup)"
echo "== over"
poweroff -f
"""


@pytest.fixture(scope="module")
def kernel():
    """The kernel image and its module for overlays, from Debian's package; installed nowhere."""
    stamp = KERNEL_CACHE / ".stamp"
    if not stamp.exists():
        shutil.rmtree(KERNEL_CACHE, ignore_errors=True)
        KERNEL_CACHE.mkdir(parents=True)
        names = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True).stdout
        name = next((word for word in names.split() if word.startswith("linux-image-") and word != "linux-image-cloud-amd64"), None)
        assert name, "apt knows no linux-image-cloud-amd64"
        subprocess.run(["apt-get", "download", "-q", name], cwd=KERNEL_CACHE, check=True)
        package = next(KERNEL_CACHE.glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, KERNEL_CACHE / "files"], check=True)
        stamp.touch()
    files = KERNEL_CACHE / "files"
    return next(files.glob("boot/vmlinuz-*")), next(files.glob("lib/modules/*/kernel/fs/overlayfs/overlay.ko"))


def libraries(*programs):
    """What the programs are linked with, the loader apart."""
    found = {}
    for program in programs:
        for line in subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.splitlines():
            words = line.split()
            if len(words) >= 3 and words[1] == "=>" and words[2].startswith("/"):
                found[words[0]] = words[2]
    return found


def build_image(folder, module):
    """An initramfs with busybox, bubblewrap, the supervisor and the probe."""
    tree = folder / "tree"
    for name in ("usr/bin", "usr/lib", "usr/lib64", "etc"):
        (tree / name).mkdir(parents=True)
    for link, target in (("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64"), ("sbin", "usr/bin")):
        (tree / link).symlink_to(target)
    programs = [BIN / "cofferdam-limits-probe", BIN / "cofferdam-supervisor", shutil.which("bwrap")]
    for program in [*programs, shutil.which("busybox")]:
        shutil.copy(program, tree / "usr/bin" / pathlib.Path(program).name)
        subprocess.run(["strip", tree / "usr/bin" / pathlib.Path(program).name], check=False)
    for name, path in libraries(*programs).items():
        shutil.copy(path, tree / "usr/lib" / name)
        subprocess.run(["strip", "--strip-unneeded", tree / "usr/lib" / name], check=False)
    # No program of the image can set an attribute.
    source = "#include <sys/xattr.h>\nint main(int n, char **a) { return setxattr(a[1], \"user.delegate\", \"1\", 1, 0) != 0; }"
    subprocess.run(
        ["gcc", "-static", "-x", "c", "-", "-o", tree / "usr/bin/delegate"], input=source, text=True, check=True)
    shutil.copy("/lib64/ld-linux-x86-64.so.2", tree / "usr/lib64")
    shutil.copy(module, tree / "overlay.ko")
    (tree / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    image = folder / "image.gz"
    names = subprocess.run(["find", ".", "-print0"], cwd=tree, capture_output=True, check=True).stdout
    archive = subprocess.run(
        ["cpio", "-0", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=tree, input=names, capture_output=True, check=True).stdout
    image.write_bytes(subprocess.run(["gzip", "-1"], input=archive, capture_output=True, check=True).stdout)
    return image


@pytest.fixture(scope="module")
def console(kernel, tmp_path_factory):
    """What the machine said, by part and name."""
    image, module = kernel
    initrd = build_image(tmp_path_factory.mktemp("machine"), module)
    command = [
        "qemu-system-x86_64", "-accel", "tcg", "-M", "pc", "-cpu", "max", "-m", "1200", "-smp", "2", "-nodefaults",
        "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio", "-kernel", image, "-initrd", initrd,
        "-append", "console=ttyS0 quiet reboot=t panic=-1 rdinit=/init",
    ]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=SECONDS)
    print(run.stdout[-20000:], run.stderr[-2000:])
    parts, part = {}, None
    for line in run.stdout.splitlines():
        line = line.strip()
        if line.startswith("== "):
            part = parts.setdefault(line[3:], {})
        elif part is not None:
            name, _, value = line.partition(" ")
            part[name] = value
    assert "over" in parts, "the machine did not come to its end"
    return parts


@pytest.mark.parametrize("who", ["root", "user", "delegated"])
def test_version_2(console, who):
    said = console[who]
    assert "error" not in said, said["error"]
    assert "end" in said
    for limit in ("memory-limit", "process-limit", "CPU-limit"):
        assert said[limit] == "active"
    assert said["before"].endswith("up")
    assert said["memory"].startswith("outOfMemory survivors=0")
    assert said["memory-in-shell"].startswith("outOfMemory survivors=0")
    assert "survivors=0" in said["processes"]
    assert 0 < int(said["cpu-percent"]) <= 40  # of a quota of 25; whole seconds are measured
    assert said["left-behind"].endswith("started")
    assert said["after"].endswith("up")
    assert said["found-after-stop"] == "nothing"
    assert said["orphan"] == "ended"
    assert said["found-after-orphan"] == "nothing"


def test_the_service_moves_aside_in_a_delegated_group(console):
    assert console["delegated"]["own"] == "0::/system.slice/cofferdamd.service/cofferdam-service"
