import Testing

@testable import Sandbox

@Suite("Control group hierarchies")
struct CgroupHierarchyTests {
    private func parse(_ mounts: String, _ membership: String) -> [CgroupHierarchy] {
        CgroupHierarchy.parse(mounts: mounts, membership: membership)
    }

    @Test("Version 2 alone, under systemd")
    func unified() {
        let found = parse(
            """
            24 30 0:22 / /proc rw,nosuid shared:13 - proc proc rw
            35 29 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate

            """,
            "0::/system.slice/cofferdamd.service\n")
        #expect(
            found == [
                CgroupHierarchy(
                    version: .two, mountPoint: "/sys/fs/cgroup", root: "/", own: "/system.slice/cofferdamd.service",
                    controllers: [], isReadOnly: false)
            ])
        #expect(found.first?.ownDirectory == "/sys/fs/cgroup/system.slice/cofferdamd.service")
        #expect(found.first?.directory(of: "/") == "/sys/fs/cgroup")
        #expect(found.first?.directory(of: "/a/../b") == nil)
    }

    @Test("A hybrid machine: each controller where it is bound")
    func hybrid() {
        let found = parse(
            """
            31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
            32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
            37 31 0:34 / /sys/fs/cgroup/freezer ro,relatime - cgroup cgroup rw,freezer
            40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
            """,
            "9:name=systemd:/\n6:freezer:/\n4:memory:/user/a:b\n1:cpu,cpuacct:/\n0::/\n")
        #expect(found.map(\.controllers) == [[.cpu], [.memory], [.freezer], []])
        #expect(found.map(\.version) == [.one, .one, .one, .two])
        #expect(found.map(\.isReadOnly) == [false, false, true, false])
        #expect(found[1].ownDirectory == "/sys/fs/cgroup/memory/user/a:b")
    }

    @Test("In a container the mount shows its own group as the top")
    func container() {
        let found = parse(
            "50 49 0:32 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n",
            "4:memory:/docker/abc\n")
        #expect(found.first?.ownDirectory == "/sys/fs/cgroup/memory")
        #expect(found.first?.directory(of: "/docker/abc/x") == "/sys/fs/cgroup/memory/x")
        #expect(found.first?.directory(of: "/docker") == nil)
        #expect(found.first?.isReadOnly == true)
    }

    @Test("Of two mounts the one that shows our group and can be written")
    func twoMounts() {
        let found = parse(
            """
            50 49 0:32 /other /mnt/a rw - cgroup cgroup rw,memory
            51 49 0:32 / /mnt/b ro - cgroup cgroup rw,memory
            52 49 0:32 / /mnt/with\\040space rw - cgroup cgroup rw,memory
            """, "4:memory:/x\n")
        #expect(found.map(\.mountPoint) == ["/mnt/with space"])
    }

    @Test(
        "What is no such line is passed over",
        arguments: ["", "-", "1 2 3 - cgroup2", "1 2 3 4 5 6 7 8 - cgroup2 x", "\u{0}", "a b c d e f - cgroup"])
    func malformed(_ line: String) {
        #expect(parse(line, line).isEmpty)
        #expect(parse("35 29 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", line).isEmpty)
        #expect(parse(line, "0::/").isEmpty)
    }

    @Test("A group outside of our namespace has no directory")
    func outside() {
        let found = parse("35 29 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "0::/../../elsewhere")
        #expect(found.count == 1)
        #expect(found.first?.ownDirectory == nil)
    }

    @Test("Figures are read by their key")
    func figures() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 17\n"
        #expect(CgroupFile.number("oom_kill", inText: text) == 17)
        #expect(CgroupFile.number("oom", inText: text) == nil)
        #expect(CgroupFile.number("oom_kill", inText: "oom_kill x") == nil)
    }
}
