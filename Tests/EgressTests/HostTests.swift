import Testing

@testable import Egress

@Suite struct HostTests {
    @Test(arguments: [
        ("Example.COM", "example.com"), ("example.com.", "example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1.2.3.4", "1.2.3.4"), ("[::1]", "[::1]"), ("::ffff:1.2.3.4", "[::ffff:1.2.3.4]"),
        ("a_b.example", "a_b.example"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"), ("1.example", "1.example"), ("localhost", "localhost"),
    ])
    func readsOneFormOfAHost(text: String, normal: String) {
        #expect(EgressHost(text)?.description == normal)
    }

    @Test(arguments: [
        "", ".", "..", "a..b", ".a", "a b", "a\0b", "example.com\0.evil", "a\r\nb", "bücher.example", "a/b", "a@b",
        "a:80",
        "-a.example", "a-.example", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "1.2.3.04", "1.2.3.4.",
        "1.2.3.256", "example.1", "example.0x", "[1.2.3.4]", "[::1", "::1%lo", "[fe80::1%25lo]", "a%2eb",
        "*.example.com",
        String(repeating: "a", count: 64) + ".example", Array(repeating: "abcdefg", count: 40).joined(separator: "."),
    ])
    func refusesWhatCouldBeReadTwoWays(text: String) {
        #expect(EgressHost(text) == nil)
    }

    @Test func wildcardsReachAllBeneathButNotTheApex() throws {
        let pattern = try #require(HostPattern("*.Example.com."))
        func matches(_ text: String) throws -> Bool { pattern.matches(try #require(EgressHost(text))) }
        #expect(try matches("a.example.com"))
        #expect(try matches("a.b.EXAMPLE.com."))
        #expect(try !matches("example.com"))
        #expect(try !matches("evilexample.com"))
        #expect(try !matches("example.com.evil.org"))
        #expect(try !matches("1.2.3.4"))
    }

    @Test(arguments: ["*", "*.", "*.1.2.3.4", "a.*.b", "*a.example", "**.example", "*.*.example"])
    func refusesOtherPatterns(text: String) {
        #expect(HostPattern(text) == nil)
    }
}
