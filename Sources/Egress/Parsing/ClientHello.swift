import NIOCore

/// What the gateway reads of a TLS client's first message (RFC 8446 section 4.1.2).
struct ClientHello: Sendable, Equatable {
    /// As the client wrote it; nil without one.
    var serverName: [UInt8]?
    /// The extension of Encrypted Client Hello is there; whether it is real cannot be told, by design.
    var isEncrypted: Bool
}

enum ClientHelloError: Error, Equatable {
    /// The first bytes are no TLS handshake.
    case notTLS
    case malformed
    case tooLarge
}

/// Reads a client hello out of its records, in any pieces and however it is split over records.
struct ClientHelloReader {
    private enum ContentType {
        static let changeCipherSpec: UInt8 = 20
        static let handshake: UInt8 = 22
        static let applicationData: UInt8 = 23
    }

    private enum ExtensionType {
        static let serverName: UInt16 = 0
        static let encryptedClientHello: UInt16 = 0xFE0D
        /// Of drafts before the final number.
        static let drafts: ClosedRange<UInt16> = 0xFF02...0xFF03
    }

    private static let clientHello: UInt8 = 1
    private static let maxRecord = 1 << 14

    private let limit: Int
    let isRetry: Bool
    private var seen: [UInt8] = []
    private var message: [UInt8] = []
    private var recordStart = 0

    /// - Parameter isRetry: the second hello, before which records of a client that did not wait may stand.
    init(limit: Int, isRetry: Bool = false) {
        self.limit = limit
        self.isRetry = isRetry
    }

    /// All bytes taken so far, to be passed on once the hello is accepted.
    var taken: [UInt8] { seen }

    /// Takes whole bytes of records up to the end of the hello's record and no further.
    ///
    /// - Returns: nil while the hello is not complete.
    mutating func read(_ buffer: inout ByteBuffer) throws(ClientHelloError) -> ClientHello? {
        while true {
            // Header of the record first, then its content, so that nothing beyond the hello is taken.
            guard take(upTo: recordStart + 5, from: &buffer) else {
                if let first = seen.dropFirst(recordStart).first { try checkType(first) }
                guard seen.count <= limit else { throw .tooLarge }
                return nil
            }
            let header = seen[recordStart..<recordStart + 5]
            let type = header[recordStart]
            try checkType(type)
            let length = Int(header[recordStart + 3]) << 8 | Int(header[recordStart + 4])
            // Expansion of protected records is possible only for those that are skipped.
            guard header[recordStart + 1] == 3, header[recordStart + 2] <= 4, length > 0,
                length <= Self.maxRecord + (type == ContentType.applicationData ? 256 : 0)
            else { throw type == ContentType.handshake && message.isEmpty && !isRetry ? .notTLS : .malformed }
            guard recordStart + 5 + length <= limit else { throw .tooLarge }
            guard take(upTo: recordStart + 5 + length, from: &buffer) else { return nil }
            let content = seen[(recordStart + 5)...]
            recordStart = seen.count
            guard type == ContentType.handshake else { continue }
            message += content
            guard message[0] == Self.clientHello else { throw .malformed }
            guard message.count >= 4 else { continue }
            let total = 4 + (Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3]))
            guard total <= limit else { throw .tooLarge }
            // Whatever would come after the hello in its record would come unread.
            guard message.count <= total else { throw .malformed }
            if message.count == total {
                guard let hello = Self.parse(message[4...]) else { throw .malformed }
                return hello
            }
        }
    }

    private func checkType(_ type: UInt8) throws(ClientHelloError) {
        if type == ContentType.handshake { return }
        guard isRetry, message.isEmpty, type == ContentType.changeCipherSpec || type == ContentType.applicationData
        else {
            throw message.isEmpty && !isRetry ? .notTLS : .malformed
        }
    }

    /// Whether `seen` reaches `count` now.
    private mutating func take(upTo count: Int, from buffer: inout ByteBuffer) -> Bool {
        let missing = count - seen.count
        if missing > 0, let bytes = buffer.readBytes(length: min(missing, buffer.readableBytes)) { seen += bytes }
        return seen.count >= count
    }

    private static func parse(_ body: ArraySlice<UInt8>) -> ClientHello? {
        var reader = ByteSlice(body)
        guard reader.skip(2 + 32), reader.vector8() != nil, let suites = reader.vector16(), suites.count % 2 == 0,
            !suites.isEmpty, reader.vector8() != nil
        else { return nil }
        var hello = ClientHello(serverName: nil, isEncrypted: false)
        if reader.isEmpty { return hello }
        guard let block = reader.vector16(), reader.isEmpty else { return nil }
        var extensions = ByteSlice(block)
        var types: Set<UInt16> = []
        while !extensions.isEmpty {
            guard let type = extensions.integer16(), let content = extensions.vector16(), types.insert(type).inserted
            else { return nil }
            switch type {
            case ExtensionType.serverName:
                guard let name = serverName(content) else { return nil }
                hello.serverName = name
            case ExtensionType.encryptedClientHello, ExtensionType.drafts: hello.isEncrypted = true
            default: break
            }
        }
        return hello
    }

    /// RFC 6066 section 3, with exactly one name of the only type there is.
    private static func serverName(_ content: ArraySlice<UInt8>) -> [UInt8]? {
        var reader = ByteSlice(content)
        guard let list = reader.vector16(), reader.isEmpty else { return nil }
        var names = ByteSlice(list)
        guard names.integer8() == 0, let name = names.vector16(), names.isEmpty, !name.isEmpty else { return nil }
        return Array(name)
    }
}
