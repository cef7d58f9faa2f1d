import Egress
import TestSupport
import Testing

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where secrets come from, and what is no secret.
struct CredentialStoreTests {
    private func store(_ source: EgressCredential.Source, _ environment: [String: String] = [:]) -> CredentialStore {
        CredentialStore(["c": EgressCredential(placement: .bearer, source: source)], environment: environment)
    }

    private func value(_ source: EgressCredential.Source, _ environment: [String: String] = [:]) async throws -> String
    {
        try await store(source, environment).secret(named: "c").reveal()
    }

    @Test func aVariableOfTheService() async throws {
        #expect(try await value(.variable("T"), ["T": "abc"]) == "abc")
        await #expect(throws: CredentialError.noVariable("T")) { try await value(.variable("T")) }
        await #expect(throws: CredentialError.empty("c")) { try await value(.variable("T"), ["T": "\n"]) }
        await #expect(throws: CredentialError.unknown("d")) { try await store(.variable("T")).secret(named: "d") }
    }

    /// A line break would end the header that the secret stands in.
    @Test(arguments: ["a\r\nHost: b", "a\nb", "a\u{0}b", "\u{1}", "a\u{7F}", String(repeating: "a", count: 20_000)])
    func whatIsNotOneLineIsNoSecret(_ text: String) async throws {
        await #expect(throws: CredentialError.notALine("c")) { try await value(.variable("T"), ["T": text]) }
    }

    @Test func aFileThatOthersCannotRead() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/token"
        try folder.write("token", "from-a-file\n", mode: 0o600)
        let store = store(.file(path))
        #expect(try await store.secret(named: "c").reveal() == "from-a-file")
        try folder.write("token", "rotated", mode: 0o600)
        #expect(try await store.secret(named: "c").reveal() == "rotated")
        for mode: mode_t in [0o640, 0o604, 0o666] {
            chmod(path, mode)
            await #expect(throws: CredentialError.self, "\(mode)") { try await store.secret(named: "c") }
        }
        for wrong in [folder.path, "\(folder.path)/none", "/dev/zero"] {
            await #expect(throws: CredentialError.self, "\(wrong)") { try await value(.file(wrong)) }
        }
    }

    @Test func whatAProgramPrints() async throws {
        #expect(try await value(.command(["/bin/echo", "from", "a", "program"])) == "from a program")
        #expect(try await value(.command(["/bin/sh", "-c", "printf x; cat"])) == "x", "nothing stands on its input")
        for wrong in [
            ["/bin/false"], ["/none"], ["/bin/sh", "-c", "kill -9 $$"], ["/bin/true"], ["/bin/sh", "-c", "yes"],
        ] {
            await #expect(throws: CredentialError.self, "\(wrong)") { try await value(.command(wrong)) }
        }
    }

    @Test func aProgramsAnswerIsKeptForAWhile() async throws {
        let folder = try TemporaryFolder()
        let calls = "\(folder.path)/calls"
        let store = store(.command(["/bin/sh", "-c", "echo x >> \(calls); wc -l < \(calls)"]))
        let first = try await store.secret(named: "c").reveal()
        #expect(try await store.secret(named: "c").reveal() == first)
    }

    @Test func problemsNameNoSecret() async throws {
        let problems = await CredentialStore(
            [
                "unset": EgressCredential(placement: .bearer, source: .variable("U")),
                "set": EgressCredential(placement: .bearer, source: .variable("S")),
                "broken": EgressCredential(placement: .bearer, source: .variable("B")),
            ], environment: ["S": "good", "B": "se\ncret"]
        ).problems()
        #expect(Set(problems.keys) == ["unset", "broken"])
        #expect(!problems.values.joined().contains("cret\""))
    }

    @Test func secretsDoNotShow() async throws {
        let secret = try await store(.variable("T"), ["T": "hidden"]).secret(named: "c")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hidden"))
    }
}
