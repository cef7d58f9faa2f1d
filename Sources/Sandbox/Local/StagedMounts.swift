/// The mounts that are made before bubblewrap starts, in a mount namespace that only the one sandbox has.
struct StagedMounts: Sendable {
    struct Overlay: Sendable, Equatable {
        var target: String
        var options: String

        /// Overlay options are separated by commas and layers by colons; a backslash takes their meaning away.
        ///
        /// `lower` has the topmost layer first. Without an upper layer the overlay is read-only.
        init(target: String, lower: [String], upper: String? = nil, work: String? = nil, options: String) {
            self.target = target
            var parts = ["lowerdir=" + lower.map(Self.escaped).joined(separator: ":")]
            if let upper, let work { parts += ["upperdir=" + Self.escaped(upper), "workdir=" + Self.escaped(work)] }
            if !options.isEmpty { parts.append(options) }
            self.options = parts.joined(separator: ",")
        }

        private static func escaped(_ path: String) -> String {
            var text = ""
            for character in path {
                if "\\,:".contains(character) { text.append("\\") }
                text.append(character)
            }
            return text
        }
    }

    /// How the overlays keep their marks.
    let attributes: OverlayChanges.Attributes
    /// Needed where the sandbox's user is another one than the service's.
    var staging: Staging?
    /// Shown as the sandbox's user's own until the overlays stand.
    private(set) var owned: [Staging.Bind] = []
    private(set) var overlays: [Overlay] = []

    /// - Parameter ownsLayers: the base and the layers belong to the sandbox's user on disk already.
    init(spec: SandboxSpec, state: StateDirectory, staging: Staging?, ownsLayers: Bool) {
        self.staging = staging
        attributes = state.marks(ofOwnUser: staging != nil)
        if state.isCopy { return }
        // Renamed directories are copied, so that the upper layer can be read without following redirections.
        let options = staging == nil ? "userxattr" : "redirect_dir=nofollow,metacopy=off,index=off"
        let isShared = staging != nil && !ownsLayers
        add(
            Overlay(
                target: place(state.merged, state), lower: own(spec.layers.workspace + [spec.base], isShared),
                upper: state.upper, work: state.work, options: options))
        if !spec.layers.home.isEmpty {
            add(
                Overlay(
                    target: place(state.homeMerged, state), lower: own(spec.layers.home, isShared),
                    upper: state.homeUpper, work: state.homeWork, options: options))
        }
        if case .directory(let root) = spec.root {
            // Belongs to root, or to the service's user, as the files of a system do.
            add(
                Overlay(
                    target: place(state.rootMerged, state), lower: [state.skeleton, root],
                    options: staging == nil ? "userxattr" : "redirect_dir=nofollow,metacopy=off"))
        }
    }

    /// Where bubblewrap finds a directory of the state.
    private func place(_ path: String, _ state: StateDirectory) -> String {
        staging == nil ? path : Staging.fixed(path, state) ?? path
    }

    private mutating func add(_ overlay: Overlay) {
        overlays.append(overlay)
    }

    private mutating func own(_ layers: [String], _ isShared: Bool) -> [String] {
        guard isShared else { return layers }
        return layers.map { layer in
            let target = "\(Staging.root)/layer-\(owned.count)"
            owned.append(Staging.Bind(source: layer, target: target))
            return target
        }
    }
}
