import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An image in an OCI image layout on disk (OCI Image Format Specification 1.1, "Image Layout").
///
/// Every blob is held to its digest and its size before anything of it is used.
struct ImageLayout {
    let path: String
    /// `linux/amd64` or `linux/arm64`.
    let architecture: String

    /// Documents; real ones have some kilobytes.
    private static let documentBytes = 4 << 20
    /// Indexes within indexes.
    private static let indexDepth = 4
    /// The engines' own bound is 127.
    private static let maximumLayers = 256

    private static let manifestTypes: Set<String> = [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
    ]
    private static let indexTypes: Set<String> = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
    private static let layerTypes: Set<String> = [
        "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.docker.image.rootfs.diff.tar.zstd",
    ]

    struct Descriptor: Equatable {
        var mediaType: String
        var digest: Digest
        var size: Int
    }

    /// An image that was found, before its layers are read.
    struct Image: Equatable {
        /// The manifest's; names the image.
        var digest: Digest
        /// From the bottom up.
        var layers: [Descriptor]
        /// The variables that the image sets, such as `PATH`.
        var environment: [String: String]
    }

    init(path: String) {
        self.path = path
        #if arch(arm64)
            architecture = "arm64"
        #else
            architecture = "amd64"
        #endif
    }

    /// - Parameter reference: the name in `org.opencontainers.image.ref.name`; nil when the layout has one image only.
    func image(_ reference: String?) throws(EnvironmentError) -> Image {
        let layout = try document("oci-layout", bytes(ofFile: "oci-layout"))
        guard let version = layout["imageLayoutVersion"]?.stringValue, version.hasPrefix("1.") else {
            throw broken("oci-layout names no version 1 of the layout")
        }
        let index = try document("index.json", bytes(ofFile: "index.json"))
        let named = try manifests(of: index, in: "index.json").filter { entry in
            guard let reference else { return true }
            let name = entry["annotations"]?["org.opencontainers.image.ref.name"]?.stringValue
            return name == reference || name?.hasSuffix(":" + reference) == true
        }
        guard !named.isEmpty else {
            throw broken(reference.map { "it has no image called “\($0)”" } ?? "index.json lists no image")
        }
        return try image(among: named, depth: 0, isNamed: reference != nil)
    }

    private func image(among entries: [JSON], depth: Int, isNamed: Bool) throws(EnvironmentError) -> Image {
        guard depth < Self.indexDepth else { throw broken("indexes are nested too deeply") }
        let fitting = entries.filter { fits($0["platform"]) }
        guard let chosen = fitting.first else { throw broken("it has no image for linux/\(architecture)") }
        guard fitting.count == 1 || depth > 0 else {
            throw broken(
                isNamed
                    ? "several images have that name" : "it has several images; say which (PATH:NAME)")
        }
        let descriptor = try self.descriptor(chosen)
        let content = try blob(descriptor)
        let body = try document(descriptor.digest.description, content)
        if Self.indexTypes.contains(descriptor.mediaType) {
            return try image(
                among: manifests(of: body, in: descriptor.digest.description), depth: depth + 1, isNamed: isNamed)
        }
        guard Self.manifestTypes.contains(descriptor.mediaType) else {
            throw broken("\(descriptor.digest) is of the unknown type “\(descriptor.mediaType.prefix(100))”")
        }
        return try image(body, descriptor.digest)
    }

    private func image(_ manifest: JSON, _ digest: Digest) throws(EnvironmentError) -> Image {
        guard let list = manifest["layers"]?.arrayValue, !list.isEmpty else { throw broken("\(digest) has no layers") }
        guard list.count <= Self.maximumLayers else {
            throw broken("\(digest) has more than \(Self.maximumLayers) layers")
        }
        var layers: [Descriptor] = []
        for entry in list {
            let layer = try descriptor(entry)
            guard Self.layerTypes.contains(layer.mediaType) else {
                throw broken("a layer is of the unknown type “\(layer.mediaType.prefix(100))”")
            }
            layers.append(layer)
        }
        guard let config = manifest["config"] else { throw broken("\(digest) has no configuration") }
        let description = try descriptor(config)
        let configuration = try document(description.digest.description, blob(description))
        if let system = configuration["os"]?.stringValue, system != "linux" {
            throw broken("it is an image for \(system.prefix(40)), not for linux")
        }
        if let made = configuration["architecture"]?.stringValue, made != architecture {
            throw broken("it is an image for \(made.prefix(40)), not for \(architecture)")
        }
        return Image(digest: digest, layers: layers, environment: Self.environment(configuration))
    }

    /// `Env` of the configuration. Its user, entry point and directory are the container's, not a session's.
    private static func environment(_ configuration: JSON) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in (configuration["config"]?["Env"]?.arrayValue ?? []).prefix(256) {
            guard let text = entry.stringValue, let equals = text.firstIndex(of: "="), equals > text.startIndex,
                !text.utf8.contains(0), text.utf8.count <= 64 << 10
            else { continue }
            variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        // The sandbox's own.
        for name in ["HOME", "USER", "LOGNAME", "TMPDIR", "PWD"] { variables[name] = nil }
        return variables
    }

    private func fits(_ platform: JSON?) -> Bool {
        guard let platform, !platform.isNull else { return true }
        return platform["os"]?.stringValue == "linux" && platform["architecture"]?.stringValue == architecture
    }

    // MARK: Blobs

    /// An open file with the descriptor's contents, checked. The caller closes it.
    func open(_ descriptor: Descriptor, _ cancellation: Cancellation) throws(EnvironmentError) -> Int32 {
        let file = "\(path)/blobs/sha256/\(descriptor.digest.hex)"
        let blob = Glibc.open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard blob >= 0 else { throw broken("the blob \(descriptor.digest) is missing") }
        var status = stat()
        guard fstat(blob, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == descriptor.size,
            Digest(ofDescriptor: blob, cancellation) == descriptor.digest
        else {
            close(blob)
            throw broken("the blob \(descriptor.digest) is not what its digest and size say")
        }
        return blob
    }

    private func blob(_ descriptor: Descriptor) throws(EnvironmentError) -> [UInt8] {
        let content = try bytes(ofFile: "blobs/sha256/\(descriptor.digest.hex)")
        guard content.count == descriptor.size, Digest(of: content) == descriptor.digest else {
            throw broken("the blob \(descriptor.digest) is not what its digest and size say")
        }
        return content
    }

    private func descriptor(_ value: JSON) throws(EnvironmentError) -> Descriptor {
        guard let text = value["digest"]?.stringValue, let digest = Digest(text) else {
            throw broken("a descriptor has no SHA-256 digest")
        }
        guard let size = value["size"]?.intValue, size >= 0 else { throw broken("\(digest) has no size") }
        return Descriptor(mediaType: value["mediaType"]?.stringValue ?? "", digest: digest, size: size)
    }

    private func manifests(of index: JSON, in name: String) throws(EnvironmentError) -> [JSON] {
        guard let list = index["manifests"]?.arrayValue else { throw broken("\(name) has no list `manifests`") }
        return list
    }

    private func document(_ name: String, _ bytes: [UInt8]) throws(EnvironmentError) -> JSON {
        do throws(JSONParseError) { return try JSON(parsing: bytes) } catch {
            throw broken("\(name) is no JSON: \(error)")
        }
    }

    private func bytes(ofFile name: String) throws(EnvironmentError) -> [UInt8] {
        guard let bytes = FileContents.read(path + "/" + name, limit: Self.documentBytes) else {
            throw broken("\(name) is missing, cannot be read or is above \(Self.documentBytes) bytes")
        }
        return bytes
    }

    private func broken(_ reason: String) -> EnvironmentError { .brokenImage(layout: path, reason: reason) }
}
