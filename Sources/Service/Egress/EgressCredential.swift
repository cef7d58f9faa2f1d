import Egress
import JSON
import ProjectConfiguration

/// A secret of the service's file: how it goes into a request, and where it comes from.
public struct EgressCredential: Sendable, Equatable {
    public enum Source: Sendable, Equatable {
        /// A variable of the service's environment.
        case variable(String)
        /// A file that only the service's user (or root) can read.
        case file(String)
        /// What a program prints. It runs as the service.
        case command([String])
    }

    public var placement: CredentialReference.Placement
    public var source: Source

    public init(placement: CredentialReference.Placement, source: Source) {
        self.placement = placement
        self.source = source
    }

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: ["kind", "user", "header", "env", "file", "command"])
        func text(_ key: String) throws -> String? {
            try members[key].map { try reader.name($0, at: path[key]) }
        }
        guard let kind = try text("kind") else { throw reader.error(at: path, "\(path) has no kind") }
        switch (kind, try text("user"), try text("header")) {
        case ("bearer", nil, nil): placement = .bearer
        case ("basic", let user?, nil): placement = .basic(user: user)
        case ("header", nil, let name?): placement = .header(name: name)
        case ("bearer", _, _), ("basic", _, _), ("header", _, _):
            throw reader.error(
                at: path, "\(path): `basic` takes a user, `header` the name of a header, `bearer` neither")
        default: throw reader.error(at: path["kind"], "\(path["kind"]) must be bearer, basic or header")
        }
        source = try Source(members, at: path, reader)
    }
}

extension EgressCredential.Source {
    /// Reads the one of `env`, `file` and `command` that is there.
    init(_ members: JSONObject, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        func text(_ key: String) throws -> String? {
            try members[key].map { try reader.name($0, at: path[key], most: ConfigurationLimits.pathBytes) }
        }
        let sources = ["env", "file", "command"].filter { members[$0] != nil }
        guard sources.count == 1 else {
            throw reader.error(at: path, "\(path) needs exactly one of env, file and command")
        }
        if let name = try text("env") {
            self = .variable(name)
        } else if let file = try text("file") {
            guard file.hasPrefix("/") else { throw reader.error(at: path["file"], "\(path["file"]) must be absolute") }
            self = .file(file)
        } else {
            let words = try reader.command(members["command"] ?? .null, at: path["command"])
            guard words[0].hasPrefix("/") else {
                throw reader.error(
                    at: path["command"],
                    "\(path["command"]) must be a list that begins with the program's absolute path")
            }
            self = .command(words)
        }
    }
}
