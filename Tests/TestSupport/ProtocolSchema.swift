import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The two places where the session protocol is spoken.
public enum ProtocolConnection: String, Sendable, CaseIterable {
    /// Between an editor and `cofferdam lsp`, among the messages of LSP.
    case editor
    /// Between a client and `cofferdamd`.
    case service
}

/// Who sent a message, as the transcripts write it.
public enum MessageDirection: String, Sendable, CaseIterable {
    case clientToServer = "client→server"
    case serverToClient = "server→client"

    var opposite: MessageDirection { self == .clientToServer ? .serverToClient : .clientToServer }
}

/// A method of `Protocol/openrpc.json`.
public struct ProtocolMethod: Sendable {
    public let name: String
    /// Who calls it.
    public let sender: MessageDirection
    public let connections: Set<ProtocolConnection>
    /// Reference to the schema of the parameters, by connection.
    public let params: [ProtocolConnection: String]
    /// Reference to the schema of the result; nil for a notification.
    public let result: String?
    public let errorCodes: Set<Int>
    /// The method object itself.
    public let json: JSON
}

/// `Protocol/schema/cofferdam.schema.json` and `Protocol/openrpc.json` of this repository.
public struct ProtocolSchema: Sendable {
    public let schema: JSONSchemaValidator
    public let openRPC: JSON
    public let methods: [ProtocolMethod]

    /// The root of the repository.
    public static let repository: String = {
        // …/Tests/TestSupport/ProtocolSchema.swift
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    }()

    /// - Throws: `JSONSchemaError`, or a description of the file that cannot be read.
    public init() throws {
        schema = try JSONSchemaValidator(document: Self.json("Protocol/schema/cofferdam.schema.json"))
        let document = try Self.json("Protocol/openrpc.json")
        openRPC = document
        let own = try (document["methods"]?.arrayValue ?? []).map { try Self.method($0, .clientToServer, document) }
        let others = try (document["x-from-server"]?.arrayValue ?? []).map {
            try Self.method($0, .serverToClient, document)
        }
        methods = own + others
    }

    /// What is wrong with a value of a definition (`AgentStartParams`); empty when it is valid.
    public func problems(of value: JSON, as definition: String) throws(JSONSchemaError) -> [SchemaProblem] {
        try schema.problems(of: value, against: "#/$defs/\(definition)")
    }

    public func method(
        _ name: String, from sender: MessageDirection, on connection: ProtocolConnection
    ) -> ProtocolMethod? {
        methods.first { $0.name == name && $0.sender == sender && $0.connections.contains(connection) }
    }

    private static func method(
        _ json: JSON, _ sender: MessageDirection, _ document: JSON
    ) throws -> ProtocolMethod {
        guard let name = json["name"]?.stringValue, let params = reference(json["x-params"]) else {
            throw JSONSchemaError(path: "openrpc.json", message: "a method without name or x-params: \(json.text)")
        }
        let connections = (json["x-connections"]?.arrayValue ?? []).compactMap {
            $0.stringValue.flatMap(ProtocolConnection.init(rawValue:))
        }
        let codes = try (json["errors"]?.arrayValue ?? []).map { error in
            guard let key = error["$ref"]?.stringValue?.split(separator: "/").last,
                let code = document["components"]?["errors"]?[String(key)]?["code"]?.intValue
            else {
                throw JSONSchemaError(path: "openrpc.json", message: "\(name) refers to an error that is not there")
            }
            return code
        }
        return ProtocolMethod(
            name: name, sender: sender, connections: Set(connections),
            params: [.service: params, .editor: reference(json["x-editor-params"]) ?? params],
            result: reference(json["result"]?["schema"]), errorCodes: Set(codes), json: json)
    }

    /// References of the OpenRPC document lead into the schema's file.
    private static func reference(_ json: JSON?) -> String? {
        json?["$ref"]?.stringValue.flatMap { text in
            text.firstIndex(of: "#").map { String(text[$0...]) }
        }
    }

    // MARK: Files

    public static func json(_ path: String) throws -> JSON { try JSON(parsing: text(path)) }

    /// The text of a file of the repository.
    public static func text(_ path: String) throws -> String {
        let full = "\(repository)/\(path)"
        guard let file = fopen(full, "r") else {
            throw JSONSchemaError(path: full, message: String(cString: strerror(errno)))
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        guard ferror(file) == 0, let text = String(validating: bytes, as: UTF8.self) else {
            throw JSONSchemaError(path: full, message: "it cannot be read as UTF-8")
        }
        return text
    }
}
