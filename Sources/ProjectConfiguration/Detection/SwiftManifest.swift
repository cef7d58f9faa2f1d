/// The Swift package manager's `Package.swift`.
enum SwiftManifest {
    /// What its first line asks for at least: `// swift-tools-version: 6.2`; nil when it does not say.
    static func toolsVersion(_ text: String) -> (major: Int, minor: Int)? {
        let line = text.prefix(200).split(separator: "\n").first ?? ""
        guard let mark = line.firstRange(of: "swift-tools-version:") else { return nil }
        let parts = line[mark.upperBound...].drop { $0 == " " }.split(separator: ".").prefix(2)
            .map { Int($0.prefix { $0.isASCII && $0.isNumber }) }
        guard let major = parts.first ?? nil else { return nil }
        return (major, (parts.count > 1 ? parts[1] : nil) ?? 0)
    }
}
