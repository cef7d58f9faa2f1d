import JSON

/// npm's `package.json`.
struct PackageManifest {
    /// `scripts.test`.
    var testScript: String?
    /// Names of all dependencies, those for development too.
    var dependencies: Set<String>

    /// Nil when the file is no JSON.
    init?(_ bytes: [UInt8]) {
        let limits = JSONLimits(maxBytes: ConfigurationLimits.fileBytes, acceptsByteOrderMark: true)
        guard let manifest = try? JSON(parsing: bytes, limits: limits) else { return nil }
        testScript = manifest["scripts"]?["test"]?.stringValue
        let sections = ["dependencies", "devDependencies"].compactMap { manifest[$0]?.objectValue }
        dependencies = Set(sections.flatMap { $0.map(\.key) })
    }
}
