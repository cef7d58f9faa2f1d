import Foundation
import Testing

/// Holds ARCHITECTURE.md's module table to the code.
@Suite struct ModuleTableTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Module name → names in its `imports` column.
    private static func table() throws -> [String: Set<String>] {
        let text = try String(contentsOf: root.appending(path: "ARCHITECTURE.md"), encoding: .utf8)
        var table: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let columns = line.split(separator: "|").map(String.init)
            guard columns.count == 3 else { continue }
            for module in quoted(columns[0]) { table[module] = Set(quoted(columns[2])) }
        }
        return table
    }

    private static func quoted(_ text: String) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().compactMap { index, part in
            index % 2 == 1 ? String(part) : nil
        }
    }

    private static let modifiers: Set<String> = ["public", "package", "internal", "private", "fileprivate"]

    /// Module name → what its files import.
    private static func imports() throws -> [String: Set<String>] {
        let sources = root.appending(path: "Sources")
        var result: [String: Set<String>] = [:]
        for module in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
            let folder = sources.appending(path: module)
            guard let files = FileManager.default.enumerator(atPath: folder.path) else { continue }
            for case let file as String in files where file.hasSuffix(".swift") {
                result[module, default: []].formUnion([])
                let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
                for line in text.split(separator: "\n") {
                    let words = line.split(separator: " ").map(String.init)
                    guard let index = words.firstIndex(of: "import"), index + 1 < words.count, !line.hasPrefix("//"),
                        words[..<index].allSatisfy({ $0.hasPrefix("@") || modifiers.contains($0) })
                    else { continue }
                    let name =
                        ["struct", "func", "enum", "class"].contains(words[index + 1])
                        ? words[index + 2] : words[index + 1]
                    result[module, default: []].insert(String(name.split(separator: ".")[0]))
                }
            }
        }
        return result
    }

    @Test func everyModuleIsInTheTable() throws {
        let table = try Self.table()
        let swiftModules = try Self.imports().keys
        #expect(swiftModules.count > 15)
        for module in swiftModules { #expect(table[module] != nil, "\(module) is not in ARCHITECTURE.md") }
    }

    @Test func modulesImportOnlyWhatTheTableAllows() throws {
        let table = try Self.table()
        let own = Set(table.keys).union(["Clibgit2", "CSpawn"])
        let programs: Set<String> = ["cofferdam", "cofferdamd", "cofferdam-supervisor", "cofferdam-git"]
        for (module, imported) in try Self.imports() where !programs.contains(module) {
            let excess = imported.intersection(own).subtracting(table[module] ?? [])
            #expect(excess.isEmpty, "\(module) imports \(excess.sorted())")
        }
    }

    @Test func lightModulesStayLight() throws {
        let heavy: Set<String> = [
            "Foundation", "NIOSSL", "NIOCore", "NIOPosix", "GRDB", "Yams", "AsyncHTTPClient", "ArgumentParser",
        ]
        let imports = try Self.imports()
        for module in ["JSON", "JSONRPC", "AgentProtocol", "Diagnostics", "LanguageServer", "Policy", "Supervisor"] {
            let found = try #require(imports[module]).intersection(heavy)
            #expect(found.isEmpty, "\(module) imports \(found.sorted())")
        }
    }

    @Test func nothingImportsAllOfFoundation() throws {
        for (module, imported) in try Self.imports() {
            #expect(!imported.contains("Foundation"), "\(module) imports Foundation")
        }
    }
}
