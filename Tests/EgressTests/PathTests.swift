import Testing

@testable import Egress

@Suite struct PathTests {
    @Test(arguments: [
        "/", "/a", "/a/", "/a/b.c/d", "/@types%2fnode", "/a%20b", "/a/...", "/.git", "/a/b;v=1", "/%41", "/%c3%a4",
        "/a;b/..c",
    ])
    func plainPathsAreNotAmbiguous(path: String) {
        #expect(!RequestPath.isAmbiguous(path))
    }

    @Test(arguments: [
        "", "a", "*", "/..", "/a/../b", "/a/./b", "/a//b", "//a", "/%2e%2e/a", "/%2E./a", "/.%2e/a", "/a/%2e",
        "/a%2f..%2fb",
        "/a%2f..", "/a%5c..%5cb", "/a\\..\\b", "/%252e%252e/a", "/a%252f..", "/..;/a", "/..;x=1/a", "/.;/a", "/a/;/b",
        "/a%00b",
        "/a%0d%0ab", "/a%", "/a%4", "/a%zz", "/%25%32%65/x", "/%25252e", "/a%2f%2fb", "/a%c0%ae%", "/%2e%2e;/x",
    ])
    func whatServersReadDifferentlyIsAmbiguous(path: String) {
        #expect(RequestPath.isAmbiguous(path))
    }

    @Test func prefixesEndAtSegments() {
        #expect(RequestPath.lies("/org/repo", beneath: "/org/repo"))
        #expect(RequestPath.lies("/org/repo/x", beneath: "/org/repo"))
        #expect(RequestPath.lies("/org/x", beneath: "/org/"))
        #expect(RequestPath.lies("/x", beneath: "/"))
        for path in ["/org/repository", "/org/repo%2fx", "/org/repo;x", "/org", "/ORG/repo", "/org/%72epo"] {
            #expect(!RequestPath.lies(path, beneath: "/org/repo"), "\(path)")
        }
    }

    @Test func denialsSeeThroughSpellings() {
        for path in [
            "/admin", "/ADMIN/x", "/%61dmin", "/%2561dmin", "/admin;x", "/admin%2fx", "/x/../admin", "/admin\\x",
            "//admin",
        ] {
            #expect(RequestPath.mayLie(path, beneath: "/admin"), "\(path)")
        }
        for path in ["/", "/admins", "/x/admin", "/adm"] {
            #expect(!RequestPath.mayLie(path, beneath: "/admin"), "\(path)")
        }
    }
}
