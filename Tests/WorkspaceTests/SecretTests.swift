import Git
import TestSupport
import Testing

@testable import Workspace

@Suite("What looks like a secret stays with the user, who is told")
struct SecretTests {
    @Test(
        "Names that are secrets",
        arguments: [
            ".env", ".env.local", "a/.env.production", ".envrc", ".netrc", "x/.aws/credentials", "id_rsa",
            "k/id_ed25519",
            "store.p12", "a.PFX", "release.jks", "vault.kdbx", ".git-credentials", "terraform.tfstate", ".pgpass",
            "home/.kube/config", ".docker/config.json", "deploy/prod.env",
        ])
    func secret(_ path: String) { #expect(SecretFiles.reason(path: path) != nil) }

    @Test(
        "Names that are none",
        arguments: [
            ".env.example", "x/.env.sample", ".environment", "env", "id_rsa.pub", "credentials", "config.json",
            "aws/credentials", "a.pem", "test.env", ".npmrc", "key.swift", "jks", ".p12", ".env.template",
        ])
    func plain(_ path: String) { #expect(SecretFiles.reason(path: path) == nil) }

    private static let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"

    @Test(
        "Contents that are secrets",
        arguments: [
            ("a.pem", key), ("b", "\n  " + key), ("c.txt", "-----BEGIN CERTIFICATE-----\nM\n" + key),
            ("d", "-----BEGIN OPENSSH PRIVATE KEY-----\n"), ("e", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n"),
            ("f", "PuTTY-User-Key-File-3: ssh-rsa\n"), (".npmrc", "x=1\n//registry/:_authToken=npm_abc\n"),
            (".pypirc", "[pypi]\nusername = __token__\npassword = pypi-x\n"),
            ("s.json", "{\n \"type\": \"service_account\",\n \"private_key\": \"x\"}"),
            ("g", "# created: 2024\n# public key: age1\nAGE-SECRET-KEY-1ABC\n"),
        ])
    func secret(_ path: String, _ text: String) {
        #expect(SecretFiles.reason(contents: Array(text.utf8), path: path) != nil)
    }

    @Test(
        "Contents that are none",
        arguments: [
            ("a.pem", "-----BEGIN CERTIFICATE-----\nM\n"), ("b.swift", "let key = \"\"\"\n" + key),
            ("c", "-----BEGIN PUBLIC KEY-----\n"), (".npmrc", "registry=https://x\n"),
            (".npmrc", "//r/:_authToken=${NPM_TOKEN}\n"), (".npmrc", "; _authToken=x\n"), (".pypirc", "[x]\n"),
            ("p.json", "{\"private_key\": 1}"), ("d", ""),
        ])
    func plain(_ path: String, _ text: String) {
        #expect(SecretFiles.reason(contents: Array(text.utf8), path: path) == nil)
    }

    @Test("They are left out and told, tracked or not; allowed ones are taken, ignored ones need another word")
    func snapshots() async throws {
        let folder = try TemporaryFolder()
        try #require(try HostCommand.git(["init", "-q"], in: folder.path).exitCode == 0)
        try folder.write(".gitignore", "gen/\n*.log\n")
        for (path, text) in [
            (".env", "A=1"), ("key.pem", Self.key), ("tests/key.pem", Self.key), ("a.c", "int a;"), ("gen/a.c", "g"),
            ("gen/.env", "B=2"), ("data/big", "d"), ("x.log", "l"),
        ] { try folder.write(path, text) }
        try #require(try HostCommand.git(["add", ".env", "data"], in: folder.path).exitCode == 0)
        let plain = try TakenSnapshot(of: folder.path)
        #expect(Set(plain.snapshot.entries.keys) == [".gitignore", "a.c", "data/big"])
        #expect(plain.snapshot.leftOut.count == 3)
        for path in [".env", "key.pem", "tests/key.pem"] {
            #expect(plain.snapshot.leftOut.contains { $0.hasPrefix("\(path) ") }, "\(plain.snapshot.leftOut)")
            #expect(plain.folder.read(path) == nil)
        }
        let patterns = WorkspaceRules.Patterns(
            include: ["gen", "gen/**"], exclude: ["data", "data/**"], secrets: ["tests/*.pem"])
        let base = try TemporaryFolder()
        let store = try BaseStore(directory: "\(base.path)/bases")
        let rules = WorkspaceRules(patterns)
        let taken = try await store.take(folder: folder.path, rules: rules, holder: "a").snapshot
        #expect(Set(taken.entries.keys) == [".gitignore", "a.c", "tests/key.pem", "gen/a.c"])
        #expect(taken.leftOut.contains { $0.hasPrefix("gen/.env ") })
        // A copy made by other rules is no answer, and none is shared with.
        let other = try await store.take(folder: folder.path, holder: "b")
        #expect(other.origin == .copied)
        #expect(other.snapshot.entries["gen/a.c"] == nil)
    }

    @Test("A copy is used again although files were left out for their contents, until these change")
    func reuse() async throws {
        let folder = try TemporaryFolder()
        try folder.write("key.pem", Self.key)
        try folder.write("a.c", "int a;")
        let base = try TemporaryFolder()
        let store = try BaseStore(directory: "\(base.path)/bases")
        #expect(try await store.take(folder: folder.path, holder: "a").snapshot.entries.count == 1)
        let again = try await store.take(folder: folder.path, holder: "b")
        #expect(again.snapshot.entries.count == 1)
        #expect(again.snapshot.leftOut.count == 1)
        try folder.write("key.pem", "a certificate")
        #expect(try await store.take(folder: folder.path, holder: "c").snapshot.entries.count == 2)
    }
}
