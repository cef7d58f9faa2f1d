import CSpawn

/// Everything that is needed to start the sandbox program, decided beforehand.
struct LaunchPlan: Sendable {
    /// Whose rights a sandbox runs with.
    enum Identity: Sendable {
        /// The service's own user, in a user namespace.
        case service(user: UInt32, group: UInt32)
        /// A user of its own, given by root. `ownsBase`: the base belongs to it on disk; otherwise the mount says so.
        case own(SessionUser, ownsBase: Bool)

        var user: UInt32 {
            switch self {
            case .service(let user, _): user
            case .own(let user, _): user.id
            }
        }

        var group: UInt32 {
            switch self {
            case .service(_, let group): group
            case .own(let user, _): user.id
            }
        }
    }

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
    var staging: Staging?
    /// The base when it is to be shown under the sandbox's user.
    var ownedBase: String?
    /// Held for as long as the sandbox lives.
    var user: SessionUser?

    init(bubblewrap: String, layout: BubblewrapArguments, identity: Identity) {
        let spec = layout.spec
        let state = layout.state
        program = bubblewrap
        journalPath = state.journal
        var base = spec.base
        switch identity {
        case .service(let user, let group):
            arguments = layout.build { $0 }
            overlayTarget = state.merged
            overlayOptions = "userxattr"
            overlayAttributes = .user
            uidMap = "\(user) \(user) 1"
            gidMap = "\(group) \(group) 1"
        case .own(let sessionUser, let ownsBase):
            var places = Staging()
            arguments = layout.build { $0 == state.merged ? Staging.workspace : places.place($0) }
            overlayTarget = Staging.workspace
            // Renamed directories are copied, so that the upper layer can be read without following redirections.
            overlayOptions = "redirect_dir=nofollow,metacopy=off,index=off"
            overlayAttributes = .trusted
            staging = places
            user = sessionUser
            if !ownsBase {
                ownedBase = spec.base
                base = Staging.base
            }
        }
        arguments.insert("bwrap", at: 0)
        overlayOptions =
            "lowerdir=\(Self.escaped(base)),upperdir=\(Self.escaped(state.upper)),workdir=\(Self.escaped(state.work)),"
            + overlayOptions
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

    /// The step that fails where the base's file system cannot be shown under another owner (before Linux 5.19, or on
    /// a network file system).
    static let ownerStep = "show the snapshot as the sandbox's"

    /// What a failed step is called in messages.
    static func name(ofStep step: Int32) -> String {
        switch UInt32(bitPattern: step) {
        case CSPAWN_STEP_USER_NAMESPACE.rawValue: "create user namespace"
        case CSPAWN_STEP_MOUNT_NAMESPACE.rawValue: "create mount namespace"
        case CSPAWN_STEP_OVERLAY.rawValue: "mount overlay"
        case CSPAWN_STEP_STAGING.rawValue: "mount what the sandbox sees"
        case CSPAWN_STEP_OWNER.rawValue: ownerStep
        case CSPAWN_STEP_IDENTITY.rawValue: "become the sandbox's user"
        case CSPAWN_STEP_EXEC.rawValue: "start bubblewrap"
        default: "start a process"
        }
    }
}
