import Testing

@testable import Service

/// Addresses of remotes are read as hostile.
struct RemoteAddressTests {
    @Test(arguments: [
        ("https://Git.Example.com/team/tool.git", "https://git.example.com/team/tool.git"),
        ("https://git.example.com:443/a/", "https://git.example.com/a"),
        ("https://git.example.com:8443/a", "https://git.example.com:8443/a"),
        ("ssh://git@host:2222/srv/a.git", "ssh://git@host:2222/srv/a.git"),
        ("ssh://git@[::1]:22/~me/a", "ssh://git@[::1]/~me/a"),
        ("git@host:team/tool.git", "git@host:team/tool.git"),
        ("git@host:/srv/tool.git", "ssh://git@host/srv/tool.git"),
        ("git://host/a", "git://host/a"),
        ("file:///srv/a", "file:///srv/a"),
        ("https://dev.azure.com/x/My%20Project/_git/y", "https://dev.azure.com/x/My%20Project/_git/y"),
    ])
    func eachPlaceHasOneSpelling(_ text: String, _ canonical: String) throws {
        let address = try RemoteAddress(parsing: text)
        #expect(address.description == canonical)
        #expect(try RemoteAddress(parsing: canonical) == address)
    }

    @Test(arguments: [
        "", "-", "--upload-pack=x", "/srv/a", "../a", "ext::sh -c x", "ext::sh", "fd::1", "https:/host/a",
        "https://host",
        "https://host/", "https:///a", "ftp://host/a", "https://user:pw@host/a", "https://token@host/a",
        "ssh://git:pw@host/a", "ssh://-oProxyCommand=x/a", "ssh://git@-oProxyCommand=x/a", "-oProxyCommand=x@host:a",
        "git@-host:a", "git@host:-a", "git@host:", "host:a", "git@host:22:a", "ssh://git@host:0/a",
        "ssh://git@host:99999/a",
        "ssh://git@host:/a", "https://host/a/../b", "https://host/a//b", "https://host/./a", "https://host/a%2e%2e/b",
        "https://host/a%2Fb", "https://host/a?x=1", "https://host/a#x", "https://host/a\nb", "https://host/a b",
        "https://h\u{F6}st/a", "https://host/a\\b", "https://ho*t/a", "https://host/*", "https://*.host.com/a",
        "https://host/$(x)", "https://host/`x`", "https://host/a;b", "https://[zz]/a", "https://[::1/a",
        "file://host/a",
        "https://" + String(repeating: "a", count: 70) + "/a", "https://host/" + String(repeating: "a", count: 3000),
    ])
    func whatCouldMeanSomethingElseIsRefused(_ text: String) {
        #expect(throws: RemoteAddress.Failure.self) { try RemoteAddress(parsing: text) }
    }

    @Test func aPasswordIsNotRepeated() {
        do {
            _ = try RemoteAddress(parsing: "https://user:canary@host/a")
            Issue.record("it was taken")
        } catch { #expect(!"\(error)".contains("canary")) }
    }

    private func matches(_ pattern: String, _ text: String, isForge: Bool = false) throws -> Bool {
        try RemotePattern(parsing: pattern).matches(RemoteAddress(parsing: text), isForge: isForge)
    }

    @Test func patternsMatchWhatTheySay() throws {
        #expect(try matches("https://host/team/*", "https://HOST/team/sub/tool.git"))
        #expect(try matches("https://host/team/tool", "https://host/team/tool.git"))
        #expect(try matches("https://host/team/tool.git", "https://host/team/tool"))
        #expect(try matches("https://*.example.com/*", "https://a.b.example.com/x"))
        #expect(try matches("git@host:team/*", "git@host:team/tool"))
        for (pattern, address) in [
            ("https://host/team/*", "https://host/team2/x"), ("https://host/team/*", "https://host/Team/x"),
            ("https://host/team/*", "http://host/team/x"), ("https://host/team/*", "https://host:444/team/x"),
            ("https://host/team/*", "https://host.evil.com/team/x"),
            ("https://*.example.com/*", "https://example.com/x"),
            ("https://*.example.com/*", "https://evilexample.com/x"),
            ("ssh://git@host/*", "ssh://root@host/x"), ("git@host:team/*", "ssh://git@host/team/x"),
        ] {
            #expect(try !matches(pattern, address), "\(pattern) \(address)")
        }
        #expect(try matches("git@host:team/*", "ssh://git@host/team/x", isForge: true))
    }
}
