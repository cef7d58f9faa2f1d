import Environments
import Testing

@Suite("Set-up")
struct SetupTests {
    private func select(_ commands: [[String]], listed: [String] = [], _ files: [String]) -> [String] {
        SetupInputs.select(
            commands: commands, listed: listed, files: Dictionary(uniqueKeysWithValues: files.map { ($0, "id") })
        ).map(\.path)
    }

    @Test("Manifests anywhere, and nothing else")
    func manifests() {
        let files = [
            "package.json", "web/yarn.lock", "src/main.c", "requirements-dev.txt", "a/Cargo.toml", "README.md",
            "x.csproj",
            "docs/requirements.md", "go.mod", "mypackage.json",
        ]
        #expect(
            select([["npm", "ci"]], files) == [
                "a/Cargo.toml", "go.mod", "package.json", "requirements-dev.txt", "web/yarn.lock", "x.csproj",
            ])
    }

    @Test("What commands name: files, folders, words of scripts, files that a program reads by itself")
    func named() {
        let files = ["ci/a.sh", "ci/lib/b.sh", "tools/x", "Makefile", "c", "d e", "other", "sub/Makefile", "f"]
        #expect(select([["sh", "./ci/a.sh"]], files) == ["ci/a.sh"])
        #expect(select([["/bin/sh", "-c", "cd ci && ./lib/b.sh; cat<c"]], files) == ["c", "ci/a.sh", "ci/lib/b.sh"])
        #expect(select([["make", "deps"]], files) == ["Makefile"])
        #expect(select([["true"]], listed: ["tools", "./f"], files) == ["f", "tools/x"])
    }

    private func key(
        name: String = "n", root: String = "r", steps: [[[String]]] = [[["a", "b"]]],
        environment: [String: String] = ["A": "1"],
        path: String = "/w", user: String = "u", kind: String = "k", inputs: [(String, String)] = [("p", "i")]
    ) -> SetupKey {
        SetupKey(
            environmentName: name, root: root, steps: steps, environment: environment, workspacePath: path,
            userName: user, layerKind: kind, inputs: inputs.map { (path: $0.0, identity: $0.1) })
    }

    @Test("Whatever differs gives another key")
    func keys() {
        let keys = [
            key(), key(name: "m"), key(root: "s"), key(steps: [[["a b"]]]), key(steps: [[["a"], ["b"]]]),
            key(steps: [[["a"]], [["b"]]]), key(environment: ["A": "2"]), key(environment: [:]), key(path: "/x"),
            key(user: "v"), key(kind: "l"), key(inputs: []), key(inputs: [("p", "j")]), key(inputs: [("q", "i")]),
            key().exact(treeHash: "t"), key().exact(treeHash: "s"),
        ]
        #expect(Set(keys).count == keys.count)
        #expect(key() == key() && key().hex.utf8.count == 64)
        #expect(key(environment: ["A": "1", "B": "2"]) == key(environment: ["B": "2", "A": "1"]))
    }
}
