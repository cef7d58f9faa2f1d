import Glibc
import Testing

@testable import Sandbox

/// Where groups would be made, on directories that look like control groups.
@Suite("Where control groups are made")
struct CgroupLocatorTests {
    /// A tree of such directories; removed at the end.
    private final class Tree {
        let top: String

        init(_ groups: [String]) throws {
            top = try TestSandbox.makeDirectory()
            for group in [""] + groups { try add(group) }
        }

        deinit { try? LocalDriver.discard(stateDirectory: top) }

        func add(_ group: String, enabled: String = "memory pids cpu") throws {
            try TestSandbox.make(top + group)
            try TestSandbox.write("\(top)\(group)/cgroup.procs", "")
            try TestSandbox.write("\(top)\(group)/cgroup.subtree_control", enabled)
        }

        func hierarchy(own: String) -> CgroupHierarchy {
            CgroupHierarchy(version: .two, mountPoint: top, root: "/", own: own, controllers: [], isReadOnly: false)
        }

        /// As seen from the group `own`.
        func parent(own: String, user: uid_t = 0, placement: CgroupPlacement = .automatic) -> String? {
            var locator = CgroupLocator(placement: placement, hierarchies: [hierarchy(own: own)])
            locator.user = user
            let parents = locator.parents()
            #expect(parents.count <= 1)
            #expect(parents.allSatisfy { $0.version == .two && $0.controllers == [.memory, .pids, .cpu] })
            return parents.first.map { String($0.directory.dropFirst(top.count)) }
        }

        /// As systemd marks what it gives away; false where the file system keeps no such attributes.
        func delegate(_ group: String) -> Bool {
            system("python3 -c 'import os; os.setxattr(\"\(top)\(group)\", \"user.delegate\", b\"1\")' 2>/dev/null")
                == 0
        }
    }

    @Test("Root's are at the top, and a group of systemd's is left alone")
    func root() throws {
        let tree = try Tree(["/system.slice", "/system.slice/cofferdamd.service", "/cofferdam"])
        #expect(tree.parent(own: "/system.slice/cofferdamd.service") == "/cofferdam")
        #expect(access(tree.top + "/system.slice/cofferdamd.service/cofferdam-service", F_OK) != 0)
        #expect(tree.parent(own: "/") == "/cofferdam")
        // Nothing is enabled there: then it is no use.
        try tree.add("/cofferdam", enabled: "")
        #expect(tree.parent(own: "/") == nil)
    }

    @Test("In a group that was delegated they are beneath it, and the service moves aside")
    func delegated() throws {
        let tree = try Tree(["/system.slice", "/system.slice/cofferdamd.service"])
        guard tree.delegate("/system.slice/cofferdamd.service") else { return }
        #expect(tree.parent(own: "/system.slice/cofferdamd.service") == "/system.slice/cofferdamd.service")
        #expect(access(tree.top + "/system.slice/cofferdamd.service/cofferdam-service", F_OK) == 0)
        // Where the service has moved aside already, or systemd has put it there.
        try tree.add("/system.slice/cofferdamd.service/main")
        #expect(tree.parent(own: "/system.slice/cofferdamd.service/main") == "/system.slice/cofferdamd.service")
    }

    @Test("A user's are beside the program's own group, where systemd's user manager has made room")
    func user() throws {
        let user = geteuid()
        guard user == 0 else { return }
        let slice = "/user.slice/app.slice"
        let tree = try Tree(["/user.slice", slice, "\(slice)/editor.scope", "\(slice)/cofferdam"])
        #expect(system("chown -R 12345 '\(tree.top)\(slice)'") == 0)
        #expect(tree.parent(own: "\(slice)/editor.scope", user: 12345) == "\(slice)/cofferdam")
        // Not above what is the user's.
        #expect(tree.parent(own: "/user.slice/other.scope", user: 12345) == nil)
        #expect(tree.parent(own: "/", user: 12345) == nil)
    }

    @Test("As the service's file says")
    func placement() throws {
        let tree = try Tree(["/machines", "/machines/cofferdam"])
        #expect(tree.parent(own: "/x", placement: .beneath("/machines/cofferdam")) == "/machines/cofferdam")
        #expect(tree.parent(own: "/x", placement: .none) == nil)
        #expect(tree.parent(own: "/x", placement: .beneath("/machines/../../etc")) == nil)
        #expect(access(tree.top + "/machines/cofferdam/cofferdam-service", F_OK) != 0)
    }

    @Test("A controller is taken from one hierarchy only, and none from what cannot be written")
    func mixed() throws {
        let tree = try Tree(["/cofferdam"])
        var readOnly = tree.hierarchy(own: "/")
        readOnly.isReadOnly = true
        let first = CgroupHierarchy(
            version: .one, mountPoint: tree.top, root: "/", own: "/", controllers: [.memory], isReadOnly: false)
        var locator = CgroupLocator(placement: .automatic, hierarchies: [first, tree.hierarchy(own: "/"), readOnly])
        locator.user = 0
        #expect(
            locator.parents() == [
                CgroupParent(version: .one, directory: tree.top + "/cofferdam", controllers: [.memory]),
                CgroupParent(version: .two, directory: tree.top + "/cofferdam", controllers: [.pids, .cpu]),
            ])
    }
}
