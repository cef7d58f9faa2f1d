#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension ServiceClientConfiguration {
    /// The program that an embedded service is: the one configured, else `cofferdamd` beside this program, else on `PATH`.
    public var programPath: String? {
        servicePath ?? program(named: "cofferdamd")
    }

    /// One of our programs, beside this program, else on `PATH`.
    func program(named name: String) -> String? {
        var candidates: [String] = []
        if let own = Self.ownPath(), let slash = own.lastIndex(of: "/") {
            candidates.append("\(own[..<slash])/\(name)")
        }
        for folder in (environment["PATH"] ?? "").split(separator: ":") where folder.hasPrefix("/") {
            candidates.append("\(folder)/\(name)")
        }
        return candidates.first { access($0, X_OK) == 0 }
    }

    private static func ownPath() -> String? {
        #if canImport(Glibc)
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = buffer.withUnsafeMutableBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) { chars in
                    chars.baseAddress.map { readlink("/proc/self/exe", $0, chars.count) } ?? -1
                }
            }
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        #else
            return CommandLine.arguments.first.flatMap { $0.hasPrefix("/") ? $0 : nil }
        #endif
    }
}
