import JSON

/// npm's `package.json`.
enum PackageManifest {
    /// `scripts.test`; nil when there is none or the file is no JSON.
    static func testScript(_ bytes: [UInt8]) -> String? {
        let limits = JSONLimits(maxBytes: ConfigurationLimits.fileBytes, acceptsByteOrderMark: true)
        guard let manifest = try? JSON(parsing: bytes, limits: limits) else { return nil }
        return manifest["scripts"]?["test"]?.stringValue
    }
}
