import Glibc

/// The system's table of names, read on every look-up so that an edit takes effect.
enum HostsFile {
    /// Larger files are not tables of names that somebody keeps.
    private static let maxBytes = 1 << 20

    /// All addresses of `name` in the file's order; nil when it is not in there.
    static func addresses(of name: String, in file: String) -> [IPAddress]? {
        guard let stream = fopen(file, "re") else { return nil }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: maxBytes)
        bytes.removeLast(maxBytes - fread(&bytes, 1, maxBytes, stream))
        return addresses(of: name, in: bytes)
    }

    static func addresses(of name: String, in bytes: [UInt8]) -> [IPAddress]? {
        var addresses: [IPAddress] = []
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let fields = line.prefix { $0 != UInt8(ascii: "#") }.split { $0 == 0x20 || $0 == 0x09 }
            guard let first = fields.first,
                fields.dropFirst().contains(where: { EgressHost($0) == .name(name) }),
                let address = IPAddress(String(decoding: first, as: UTF8.self)), !addresses.contains(address)
            else { continue }
            addresses.append(address)
        }
        return addresses.isEmpty ? nil : addresses
    }
}
