import Environments
import JSON
import ProjectConfiguration

/// `environments:` of the ``ServiceFile``: what sandboxes can be made from.
///
/// ```yaml
/// environments:
///   default: host                          # default
///   store: 32 GiB                          # room for unpacked roots and the results of set-ups; default
///   named:
///     python:
///       oci: /srv/images/python            # an image layout on disk; PATH:NAME where it has several images
///       images: ["python:3.12"]            # names in a devcontainer.json that it stands for
///     debian: {root: /srv/roots/bookworm}  # a directory with a complete system
///     alpine: {tarball: /srv/alpine.tar.gz, repositories: false}   # only as the default
/// ```
/// The host's own system is always there as `host`. A repository chooses among the names; no repository can name a path.
public struct ServiceEnvironments: Sendable, Equatable, ServiceFileSection {
    public var catalog = EnvironmentCatalog()
    /// Bytes on disk for unpacked roots and the results of set-ups.
    public var storeBytes = EnvironmentStore.defaultBudgetBytes

    private static let maximumNames = 256
    private static let maximumImages = 256
    private static let kinds = ["root", "tarball", "oci"]

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: ["default", "store", "named"])
        if let value = members["store"] {
            storeBytes = try reader.bytes(value, at: path["store"], within: 0...(1 << 50))
        }
        var definitions = [EnvironmentDefinition.host]
        if let named = members["named"] {
            let place = path["named"]
            guard let entries = named.objectValue else { throw reader.error(at: place, "\(place) must be a mapping") }
            guard entries.count <= Self.maximumNames else {
                throw reader.error(at: place, "\(place) has more than \(Self.maximumNames) entries")
            }
            for (name, entry) in entries {
                let definition = try Self.definition(name, entry, at: place[name], reader)
                if let index = definitions.firstIndex(where: { $0.name == name }) {
                    definitions[index] = definition  // `host`, not to be offered
                } else {
                    definitions.append(definition)
                }
            }
        }
        var standard = EnvironmentDefinition.host.name
        if let value = members["default"] { standard = try reader.name(value, at: path["default"]) }
        do throws(EnvironmentError) { catalog = try EnvironmentCatalog(definitions, standard: standard) } catch {
            throw reader.error(at: path["default"], "\(error)")
        }
    }

    private static func definition(
        _ name: String, _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> EnvironmentDefinition {
        _ = try reader.name(.string(name), at: path)
        let members = try reader.object(value, at: path, keys: kinds + ["images", "repositories"])
        let given = kinds.filter { members[$0] != nil }
        var definition = EnvironmentDefinition(name: name, source: .host)
        if name == EnvironmentDefinition.host.name {
            guard given.isEmpty else {
                throw reader.error(at: path, "`host` is the host's own system and nothing else")
            }
        } else {
            guard let kind = given.first, given.count == 1 else {
                throw reader.error(at: path, "\(path) needs one of \(kinds.joined(separator: ", "))")
            }
            definition.source = try source(kind, members[kind] ?? .null, at: path[kind], reader)
        }
        if let value = members["images"] {
            for (index, image) in try reader.array(value, at: path["images"], most: maximumImages).enumerated() {
                definition.images.append(try reader.string(image, at: path["images"][index], most: 1024))
            }
        }
        if let value = members["repositories"] {
            definition.isOffered = try reader.bool(value, at: path["repositories"])
        }
        return definition
    }

    private static func source(
        _ kind: String, _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> EnvironmentDefinition.Source {
        let text = try reader.string(value, at: path, most: ConfigurationLimits.pathBytes)
        guard text.hasPrefix("/"), text != "/" else {
            throw reader.error(at: path, "\(path) must be an absolute path, and not the host's own root")
        }
        switch kind {
        case "root": return .directory(text)
        case "tarball": return .archive(text)
        default:
            // The name of an image has no slash before its colon here: a path may have colons too.
            guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") else {
                return .image(layout: text, reference: nil)
            }
            return .image(layout: String(text[..<colon]), reference: String(text[text.index(after: colon)...]))
        }
    }
}
