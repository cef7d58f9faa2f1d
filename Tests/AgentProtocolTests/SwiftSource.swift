import TestSupport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Declarations of Swift sources with their documentation: enough of the language for files of wire types.
enum SwiftSource {
    struct Declaration {
        var documentation: String?
        var members: [String: Member] = [:]
        /// In order.
        var cases: [(name: String, documentation: String?)] = []
        /// The value of `static let method`.
        var method: String?
    }

    struct Member {
        var isOptional: Bool
        var documentation: String?
    }

    /// The types declared beneath a folder of the repository, by their full name: `AgentStart.Params`.
    static func declarations(beneath folder: String) throws -> [String: Declaration] {
        var found: [String: Declaration] = [:]
        for path in try swiftFiles(beneath: folder) {
            found.merge(declarations(in: try ProtocolSchema.text(path))) { first, _ in first }
        }
        return found
    }

    private static func declarations(in text: String) -> [String: Declaration] {
        var found: [String: Declaration] = [:]
        var scopes: [(indent: Int, name: String)] = []
        var comment: [Substring] = []
        for line in text.split(separator: "\n") {
            let indent = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indent)
            if content.hasPrefix("///") {
                comment.append(content.dropFirst(3).drop { $0 == " " })
                continue
            }
            defer { comment = [] }
            while let scope = scopes.last, indent <= scope.indent { scopes.removeLast() }
            let words = content.split(separator: " ").filter { $0 != "public" }
            guard let first = words.first, words.count > 1 else { continue }
            let name = String(words[1].prefix { $0.isLetter || $0.isNumber })
            if first == "struct" || first == "enum" {
                scopes.append((indent, name))
                found[scopes.map(\.name).joined(separator: ".")] = Declaration(documentation: joined(comment))
                continue
            }
            guard let scope = scopes.last, indent == scope.indent + 4 else { continue }
            let type = scopes.map(\.name).joined(separator: ".")
            switch first {
            case "var" where !content.contains("{"):
                found[type]?.members[name] = Member(
                    isOptional: content.hasSuffix("?"), documentation: joined(comment))
            case "case":
                for one in content.dropFirst("case ".count).split(separator: ",") {
                    found[type]?.cases.append((one.drop { $0 == " " }.description, joined(comment)))
                }
            case "static" where content.contains("let method = "):
                found[type]?.method = content.split(separator: "\"").dropFirst().first.map(String.init)
            default: break
            }
        }
        return found
    }

    /// Lines of a paragraph in one, paragraphs parted by an empty line.
    private static func joined(_ comment: [Substring]) -> String? {
        guard !comment.isEmpty else { return nil }
        return comment.split(separator: "").map { $0.joined(separator: " ") }.joined(separator: "\n\n")
    }

    private static func swiftFiles(beneath folder: String) throws -> [String] {
        try ProtocolFiles.names(in: folder).flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".swift") { return [path] }
            return name.contains(".") ? [] : try swiftFiles(beneath: path)
        }
    }
}

/// Files of the repository.
enum ProtocolFiles {
    struct Unreadable: Error { var path: String }

    /// The names in a folder, sorted.
    static func names(in folder: String) throws -> [String] {
        guard let directory = opendir("\(ProtocolSchema.repository)/\(folder)") else { throw Unreadable(path: folder) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
