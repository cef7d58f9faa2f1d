import JSON
import Testing

@testable import ProjectConfiguration

@Suite struct LimitValuesTests {
    private func load(_ text: String) throws -> LimitValues? {
        try ProjectConfigurationLoader.load(yaml: Array(text.utf8), file: ".cofferdam.yaml").limits
    }

    @Test func whatIsNotSaidIsNil() throws {
        #expect(try load("instructions: x\n") == nil)
        #expect(try load("limits: {}\n") == LimitValues())
        let values = try #require(try load("limits: {memory: 512 MiB, cpus: 2, output: 4096}\n"))
        #expect(values.memoryBytes == 512 << 20)
        #expect(values.cpus == 2)
        #expect(values.outputBytes == 4096)
        #expect(values.processes == nil)
    }

    /// What only the service decides is no key of a repository's.
    @Test(arguments: ["session", "temporary", "maximumCommand", "cgroup", "memroy"])
    func others(_ key: String) {
        #expect(throws: ConfigurationError.self) { try load("limits: {\(key): 100}\n") }
    }

    @Test(arguments: [
        ("1", 1), ("0", 0), ("\"12 KiB\"", 12 << 10), ("3MiB", 3 << 20), ("2  GiB", 2 << 30), ("1 TiB", 1 << 40),
    ])
    func amounts(_ text: String, _ bytes: Int) throws {
        #expect(try reader(text) { try $0.bytes($1, at: $2, within: 0...(.max)) } == bytes)
    }

    @Test(arguments: [
        "1.5 GiB", "GiB", "-1 KiB", "1 gib", "1 GiB x", "99999999999999999999", "9999999999 TiB", "[]", "true", "''",
        "' KiB'",
        "1 1 KiB",
    ])
    func noAmounts(_ text: String) {
        #expect(throws: ConfigurationError.self) { try reader(text) { try $0.bytes($1, at: $2, within: 0...(.max)) } }
    }

    private func reader<T>(
        _ text: String, _ body: (ConfigurationReader, JSON, YAMLPath) throws -> T
    ) throws -> T {
        let (value, locations) = try YAMLDocument.json(from: Array("x: \(text)\n".utf8), file: "f")
        let x = try #require(value["x"])
        return try body(ConfigurationReader(file: "f", locations: locations), x, YAMLPath()["x"])
    }
}
