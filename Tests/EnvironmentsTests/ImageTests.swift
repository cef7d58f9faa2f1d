import Glibc
import JSON
import Testing

@testable import Environments

@Suite("Image layouts")
struct ImageTests {
    private let fixture: ImageFixture

    init() throws {
        fixture = try ImageFixture()
    }

    private func read(_ reference: String? = nil) throws -> ImageLayout.Image {
        try ImageLayout(path: fixture.path).image(reference)
    }

    private func expectBroken(_ part: String, _ reference: String? = nil) {
        #expect {
            _ = try read(reference)
        } throws: { error in
            guard case .brokenImage(_, let reason) = error as? EnvironmentError else { return false }
            return reason.contains(part)
        }
    }

    private func small(_ architecture: String? = nil) throws -> JSON {
        try fixture.manifest(
            [try fixture.blob(ImageFixture.layer { $0.add("a") }, ImageFixture.layerType)], architecture: architecture)
    }

    @Test("Layers from the bottom up, and the variables that are the image's to set")
    func standard() throws {
        try fixture.standard()
        let image = try read()
        #expect(image.layers.count == 2)
        #expect(image.environment == ["PATH": "/bin:/opt/bin", "A": "b=c"])
        for layer in image.layers { close(try ImageLayout(path: fixture.path).open(layer, Cancellation())) }
    }

    @Test("The platform's own of several, also within indexes")
    func platforms() throws {
        let own = ImageLayout(path: fixture.path).architecture
        let other = own == "arm64" ? "amd64" : "arm64"
        func entry(_ architecture: String) throws -> JSON {
            var entry = try small(architecture)
            entry["platform"] = ["os": "linux", "architecture": .string(architecture)]
            return entry
        }
        let nested = try fixture.blob(
            ["manifests": .array([try entry(other), try entry(own)])], ImageFixture.indexType)
        try fixture.index([nested])
        #expect(try read().digest == Digest(try #require(try entry(own)["digest"]?.stringValue)))
        try fixture.index([try entry(other)])
        expectBroken("no image for linux/\(own)")
        try fixture.index([try small(other)])
        expectBroken("image for \(other)")
        try fixture.index([try fixture.manifest([try fixture.blob([0], ImageFixture.layerType)], os: "windows")])
        expectBroken("windows")
    }

    @Test("By name")
    func names() throws {
        var one = try small()
        var two = try fixture.manifest([
            try fixture.blob(ImageFixture.layer { $0.add("b") }, ImageFixture.layerType)
        ])
        one["annotations"] = ["org.opencontainers.image.ref.name": "1.0"]
        two["annotations"] = ["org.opencontainers.image.ref.name": "example.org/box:2.0"]
        try fixture.index([one, two])
        expectBroken("several images")
        expectBroken("no image called “3.0”", "3.0")
        #expect(try read("1.0") != read("2.0"))
    }

    @Test("Indexes that contain each other end")
    func nesting() throws {
        var inner = try fixture.blob(["manifests": []], ImageFixture.indexType)
        for _ in 0..<8 { inner = try fixture.blob(["manifests": .array([inner])], ImageFixture.indexType) }
        try fixture.index([inner])
        expectBroken("nested too deeply")
    }

    @Test("Whatever is missing or is not what it says is named")
    func broken() throws {
        expectBroken("index.json")
        try fixture.index([])
        expectBroken("no image")
        for digest in ["sha512:00", "sha256:../../etc/passwd", "sha256:" + String(repeating: "A", count: 64), ""] {
            try fixture.index([["mediaType": .string(ImageFixture.manifestType), "digest": .string(digest), "size": 3]])
            expectBroken("SHA-256")
        }
        var absent = try small()
        absent["digest"] = .string("sha256:" + String(repeating: "0", count: 64))
        try fixture.index([absent])
        expectBroken("missing")
        var long = try small()
        long["size"] = 7
        try fixture.index([long])
        expectBroken("digest and size")
        try fixture.index([try fixture.blob(["layers": []], ImageFixture.manifestType)])
        expectBroken("no layers")
        try fixture.index([try fixture.manifest([try fixture.blob([0], "application/x-something")])])
        expectBroken("unknown type")
        try fixture.index([try fixture.blob(Array("{".utf8), ImageFixture.manifestType)])
        expectBroken("no JSON")
        try fixture.index([try fixture.blob(["a": 1], "application/x-something")])
        expectBroken("unknown type")
        _ = try fixture.scratch.file("image/oci-layout", Array(#"{"imageLayoutVersion": "2.0.0"}"#.utf8))
        expectBroken("version 1")
    }

    @Test("A changed layer is refused")
    func changedLayer() throws {
        try fixture.standard()
        let image = try read()
        let layer = try #require(image.layers.last)
        let file = "image/blobs/sha256/\(layer.digest.hex)"
        var bytes = ImageFixture.layer { tar in
            tar.add("bin/.wh.gone")
            tar.add("etc/motd", .file, "hello")
        }
        bytes[600] ^= 1
        _ = try fixture.scratch.file(file, bytes)
        #expect(throws: EnvironmentError.self) {
            _ = try ImageLayout(path: fixture.path).open(layer, Cancellation())
        }
        unlink("\(fixture.scratch.path)/\(file)")
        symlink("/etc/passwd", "\(fixture.scratch.path)/\(file)")
        #expect(throws: EnvironmentError.self) {
            _ = try ImageLayout(path: fixture.path).open(layer, Cancellation())
        }
    }
}
