/// Paths as texts: nothing here asks a file system.
enum PathText {
    /// Makes `a/./b//../c` into `a/c`. Leading `..` of a relative path stay; those of an absolute one vanish.
    static func normalised(_ path: String) -> String {
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        var kept: [Substring] = []
        for component in path.utf8.split(separator: UInt8(ascii: "/")).map({ Substring($0) }) {
            if component.equals(".") { continue }
            if component.equals("..") {
                if let last = kept.last, !last.equals("..") {
                    kept.removeLast()
                } else if !isAbsolute {
                    kept.append(component)
                }
                continue
            }
            kept.append(component)
        }
        return (isAbsolute ? "/" : "") + kept.joined(separator: "/")
    }

    /// `path` relative to a folder, both absolute and normalised; nil when it is not beneath it.
    static func relative(_ path: String, to root: String) -> String? {
        let prefix = root.utf8.last == UInt8(ascii: "/") ? root : root + "/"
        return path[...].after(prefix: prefix).map { String($0) }
    }

    /// Whether it begins with a drive of Windows: `C:\a`, `c:/a`.
    static func hasDrive(_ path: String) -> Bool {
        let start = Array(path.utf8.prefix(3))
        return start.count == 3 && start[0].isLetter && start[1] == UInt8(ascii: ":")
            && (start[2] == UInt8(ascii: "/") || start[2] == UInt8(ascii: "\\"))
    }

    static func join(_ directory: String, _ path: String) -> String {
        path.utf8.first == UInt8(ascii: "/") ? path : directory + "/" + path
    }

    /// In lower case, without the dot; empty when there is none.
    static func fileExtension(_ path: String) -> String { fileExtension(path[...]) }

    static func fileExtension(_ path: Substring) -> String {
        var name = path.utf8
        while name.last == UInt8(ascii: "/") { name = name.dropLast() }
        if let slash = name.lastIndex(of: UInt8(ascii: "/")) { name = name[name.index(after: slash)...] }
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return "" }
        return Substring(name[name.index(after: dot)...]).lowercased()
    }

    /// The path of a `file:` URI (RFC 8089); any other text as it is.
    static func fromURI(_ text: String) -> String {
        guard var rest = text[...].after(prefix: "file:") else { return percentDecoded(text[...], when: false) }
        if let authority = rest.after(prefix: "//") {
            rest = authority.utf8.firstIndex(of: UInt8(ascii: "/")).map { authority[$0...] } ?? ""
        }
        return percentDecoded(rest, when: true)
    }

    /// The text with `%41` made `A`; kept as it is where the digits are none.
    static func percentDecoded(_ text: Substring, when decodes: Bool) -> String {
        guard decodes, text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var view = text.utf8
        while let byte = view.popFirst() {
            let digits = Substring(view.prefix(2))
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2,
                digits.utf8.allSatisfy({ $0.isDigit || $0.isLetter }), let value = UInt8(digits, radix: 16),
                // A control character, a line feed above all, has no place in a path that is shown.
                value >= 0x20
            {
                bytes.append(value)
                view = view.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
