/// A commit as data.
public struct CommitObject: Sendable, Equatable {
    /// Who, and when.
    public struct Signature: Sendable, Equatable {
        public var name: String
        public var email: String
        /// Seconds since 1970.
        public var time: Int
        /// Minutes east of UTC.
        public var offset: Int

        public init(name: String, email: String, time: Int, offset: Int = 0) {
            self.name = name
            self.email = email
            self.time = time
            self.offset = offset
        }

        /// A line of a commit's header; what could end it or the address is left out.
        var text: String {
            func clean(_ text: String) -> String {
                let kept = text.unicodeScalars.filter { $0.value >= 0x20 && $0 != "<" && $0 != ">" && $0.value != 0x7F }
                var result = String(String.UnicodeScalarView(kept))
                while result.utf8.first == UInt8(ascii: " ") { result.removeFirst() }
                while result.utf8.last == UInt8(ascii: " ") { result.removeLast() }
                return result
            }
            let minutes = abs(offset) % (100 * 60)
            func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
            let zone = "\(offset < 0 ? "-" : "+")\(two(minutes / 60))\(two(minutes % 60))"
            let name = clean(name)
            return "\(name.isEmpty ? "unknown" : name) <\(clean(email))> \(max(time, 0)) \(zone)"
        }

        init?(parsing line: some Collection<UInt8>) {
            let bytes = Array(line)
            guard let open = bytes.firstIndex(of: UInt8(ascii: "<")),
                let close = bytes.lastIndex(of: UInt8(ascii: ">")), open < close
            else { return nil }
            var name = bytes[..<open]
            if name.last == UInt8(ascii: " ") { name.removeLast() }
            let rest = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
            guard rest.count == 2, let time = Int(String(decoding: rest[0], as: UTF8.self)),
                let zone = Int(String(decoding: rest[1], as: UTF8.self)), zone.magnitude < 10_000
            else { return nil }
            self.name = String(decoding: name, as: UTF8.self)
            email = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
            self.time = time
            offset = zone / 100 * 60 + zone % 100
        }
    }

    public var tree: ObjectID
    public var parents: [ObjectID]
    public var author: Signature
    public var committer: Signature
    /// Further headers in their order, such as `gpgsig` or `encoding`, with their lines joined by a line feed.
    public var headers: [Header]
    public var message: [UInt8]

    public struct Header: Sendable, Equatable {
        public var name: String
        public var value: [UInt8]

        public init(name: String, value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    public init(
        tree: ObjectID, parents: [ObjectID], author: Signature, committer: Signature, headers: [Header] = [],
        message: String
    ) {
        self.tree = tree
        self.parents = parents
        self.author = author
        self.committer = committer
        self.headers = headers
        self.message = Array(message.utf8)
    }

    /// As git writes it. What a signature is made over are these bytes without the header `gpgsig`.
    public var serialized: [UInt8] {
        var text = "tree \(tree)\n"
        for parent in parents { text += "parent \(parent)\n" }
        text += "author \(author.text)\ncommitter \(committer.text)\n"
        var bytes = Array(text.utf8)
        for header in headers {
            bytes += header.name.utf8
            bytes.append(UInt8(ascii: " "))
            for byte in header.value {
                bytes.append(byte)
                if byte == UInt8(ascii: "\n") { bytes.append(UInt8(ascii: " ")) }
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes + message
    }

    /// - Returns: nil when the bytes are no commit.
    public init?(parsing bytes: [UInt8]) {
        let lineFeed = UInt8(ascii: "\n")
        let space = UInt8(ascii: " ")
        var rest = bytes[...]
        var fields: [Header] = []
        while true {
            guard let end = rest.firstIndex(of: lineFeed) else { return nil }
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            if line.first == space, !fields.isEmpty {
                fields[fields.count - 1].value += [lineFeed] + line.dropFirst()
                continue
            }
            guard let gap = line.firstIndex(of: space) else { return nil }
            fields.append(
                Header(name: String(decoding: line[..<gap], as: UTF8.self), value: Array(line[(gap + 1)...])))
        }
        func id(_ header: Header) -> ObjectID? { ObjectID(hex: String(decoding: header.value, as: UTF8.self)) }
        guard fields.first?.name == "tree", let tree = fields.first.flatMap(id) else { return nil }
        var index = 1
        parents = []
        while index < fields.count, fields[index].name == "parent" {
            guard let parent = id(fields[index]) else { return nil }
            parents.append(parent)
            index += 1
        }
        guard index + 1 < fields.count, fields[index].name == "author", fields[index + 1].name == "committer",
            let author = Signature(parsing: fields[index].value),
            let committer = Signature(parsing: fields[index + 1].value)
        else { return nil }
        self.tree = tree
        self.author = author
        self.committer = committer
        headers = Array(fields[(index + 2)...])
        message = Array(rest)
    }
}
