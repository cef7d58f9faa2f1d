import Glibc
import JSON
import Testing

@testable import Environments

/// An image layout that is written blob by blob, so that each can be wrong.
struct ImageFixture {
    let scratch: Scratch
    let path: String

    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    static let indexType = "application/vnd.oci.image.index.v1+json"
    static let layerType = "application/vnd.oci.image.layer.v1.tar"

    init() throws {
        scratch = try Scratch()
        path = try scratch.directory("image")
        _ = try scratch.directory("image/blobs")
        _ = try scratch.directory("image/blobs/sha256")
        _ = try scratch.file("image/oci-layout", Array(#"{"imageLayoutVersion": "1.0.0"}"#.utf8))
    }

    /// Writes a blob and gives its descriptor.
    func blob(_ bytes: [UInt8], _ type: String) throws -> JSON {
        let digest = Digest(of: bytes)
        _ = try scratch.file("image/blobs/sha256/\(digest.hex)", bytes)
        return ["mediaType": .string(type), "digest": .string("\(digest)"), "size": .number(JSONNumber(bytes.count))]
    }

    func blob(_ json: JSON, _ type: String) throws -> JSON { try blob(json.serialized(), type) }

    /// The descriptor of a manifest.
    func manifest(
        _ layers: [JSON], os: String = "linux", architecture: String? = nil, environment: [String] = []
    ) throws -> JSON {
        let config = try blob(
            [
                "os": .string(os), "architecture": .string(architecture ?? ImageLayout(path: path).architecture),
                "config": ["Env": .array(environment.map { .string($0) })],
            ], "application/vnd.oci.image.config.v1+json")
        return try blob(
            ["schemaVersion": 2, "config": config, "layers": .array(layers)], Self.manifestType)
    }

    func index(_ manifests: [JSON]) throws {
        _ = try scratch.file(
            "image/index.json", JSON.object(["schemaVersion": 2, "manifests": .array(manifests)]).serialized())
    }

    static func layer(_ fill: (inout TarText) -> Void) -> [UInt8] {
        var tar = TarText()
        fill(&tar)
        return tar.whole
    }

    /// An image of two layers, the second with a whiteout.
    func standard() throws {
        let lower = Self.layer { tar in
            tar.add("bin", .directory, mode: 0o755)
            tar.add("bin/sh", .file, "shell", mode: 0o755)
            tar.add("bin/gone", .file, "x")
        }
        let upper = Self.layer { tar in
            tar.add("bin/.wh.gone")
            tar.add("etc/motd", .file, "hello")
        }
        try index([
            try manifest(
                [try blob(lower, Self.layerType), try blob(upper, Self.layerType)],
                environment: ["PATH=/bin:/opt/bin", "HOME=/root", "A=b=c", "broken", "=x"])
        ])
    }
}
