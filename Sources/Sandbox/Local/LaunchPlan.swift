import CSpawn

/// Everything that is needed to start the sandbox program, decided beforehand.
struct LaunchPlan: Sendable {
    var program: String
    /// With the program's name first.
    var arguments: [String]
    /// Of the sandbox program itself. Its first process inherits it, so it holds nothing.
    var environment: [String] = []
    var journalPath: String
    var overlayTarget: String
    var overlayOptions: String
    var overlayAttributes: OverlayChanges.Attributes
    /// Contents of uid_map and gid_map when the overlay is to be mounted in a user namespace of its own.
    var uidMap: String?
    var gidMap: String?

    /// One try per way of mounting: as root directly, else (or when root may not) in a user namespace.
    static func attempts(
        bubblewrap: String, arguments: [String], base: String, state: StateDirectory, user: UInt32, group: UInt32
    ) -> [LaunchPlan] {
        let layers =
            "lowerdir=\(escaped(base)),upperdir=\(escaped(state.upper)),workdir=\(escaped(state.work))"
        let plan = LaunchPlan(
            program: bubblewrap, arguments: ["bwrap"] + arguments, journalPath: state.journal,
            overlayTarget: state.merged,
            // Renamed directories are copied, so that the upper layer can be read without following redirections.
            overlayOptions: layers + ",redirect_dir=nofollow,metacopy=off,index=off",
            overlayAttributes: .trusted)
        var unprivileged = plan
        unprivileged.overlayOptions = layers + ",userxattr"
        unprivileged.overlayAttributes = .user
        unprivileged.uidMap = "\(user) \(user) 1"
        unprivileged.gidMap = "\(group) \(group) 1"
        // A session's own uid would be set here: drop to it in the child after the overlay is mounted (CSPAWN_STEP_IDENTITY).
        return user == 0 ? [plan, unprivileged] : [unprivileged]
    }

    /// Overlay options are separated by commas and layers by colons; a backslash takes their meaning away.
    private static func escaped(_ path: String) -> String {
        var text = ""
        for character in path {
            if "\\,:".contains(character) { text.append("\\") }
            text.append(character)
        }
        return text
    }

    /// What a failed step is called in messages.
    static func name(ofStep step: Int32) -> String {
        switch UInt32(bitPattern: step) {
        case CSPAWN_STEP_USER_NAMESPACE.rawValue: "create user namespace"
        case CSPAWN_STEP_MOUNT_NAMESPACE.rawValue: "create mount namespace"
        case CSPAWN_STEP_OVERLAY.rawValue: "mount overlay"
        case CSPAWN_STEP_EXEC.rawValue: "start bubblewrap"
        default: "start a process"
        }
    }
}
