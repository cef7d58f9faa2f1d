import Policy
import ProjectConfiguration
import Workspace

/// A policy layer of the organisation or the user, from a YAML file.
public enum PolicyFile {
    /// A layer that cannot be read or is invalid denies everything: a broken rule never vanishes.
    public static func layer(name: String, path: String) -> PolicyLayer {
        guard let bytes = FileBytes.read(path, limit: 1 << 20) else {
            return .failed(name: name, reason: "\(path) cannot be read")
        }
        do {
            return try PolicyLayer(name: name, json: try YAMLDocument.json(from: bytes, file: path).0)
        } catch {
            return .failed(name: name, reason: "\(path): \(error)")
        }
    }
}
