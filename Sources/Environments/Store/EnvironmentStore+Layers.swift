import JSON
import Sandbox

extension EnvironmentStore {
    /// The layers of a set-up; `build` runs it if nobody has for this key.
    ///
    /// A layer that would hide a file of this session's tree is none for it: then the layer of the exact tree is taken or
    /// made.
    ///
    /// - Parameters:
    ///   - paths: every file of the session's snapshot.
    ///   - holder: directory of the session that uses them.
    ///   - build: runs the set-up and freezes what came of it into the folder that it is given.
    /// - Throws: what `build` throws, ``EnvironmentError``, and `CancellationError`.
    public func layers(
        _ key: SetupKey, treeHash: String, paths: some Collection<String> & Sendable, holder: String,
        progress: @escaping @Sendable (EnvironmentProgress) async throws -> Void = { _ in },
        build: @escaping @Sendable (String) async throws -> FrozenLayers
    ) async throws -> PreparedLayers {
        let shared = try await layers(key, holder, progress, build)
        if shared.origin == .ran || shared.isComplete && shared.fits(paths) { return shared }
        return try await layers(key.exact(treeHash: treeHash), holder, progress, build)
    }

    private func layers(
        _ key: SetupKey, _ holder: String,
        _ progress: @escaping @Sendable (EnvironmentProgress) async throws -> Void,
        _ build: @escaping @Sendable (String) async throws -> FrozenLayers
    ) async throws -> PreparedLayers {
        let (path, notes, origin) = try await entry(.layers, key.hex, holder: holder) {
            try await progress(.waiting(for: "the set-up"))
        } build: { temporary in
            let frozen = try await build(temporary)
            return .object([
                "workspace": .bool(!frozen.layers.workspace.isEmpty), "home": .bool(!frozen.layers.home.isEmpty),
                "added": .array(frozen.added.map { .string($0) }),
                "setAside": .array(frozen.setAside.map { .string($0) }), "complete": .bool(frozen.isComplete),
            ])
        }
        func strings(_ name: String) -> [String] { notes[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        return PreparedLayers(
            key: key.hex,
            layers: EnvironmentLayers(
                workspace: notes["workspace"]?.boolValue == true ? [path + "/workspace"] : [],
                home: notes["home"]?.boolValue == true ? [path + "/home"] : []),
            origin: origin, setAside: strings("setAside"), added: strings("added"),
            isComplete: notes["complete"]?.boolValue == true)
    }
}
