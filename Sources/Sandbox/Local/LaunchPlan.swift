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
    var mounts: StagedMounts
    /// Contents of uid_map and gid_map when the overlays are to be mounted in a user namespace of its own.
    var uidMap: String?
    var gidMap: String?
    let stateDirectory: String
    /// What a later service will know of it.
    let record: SandboxRecord
    /// The service's user as the supervisor sees it.
    private let peerUser: UInt32
    /// Held for as long as the sandbox lives, by the sandbox itself as well.
    var user: SessionUser?
    /// The control groups that the sandbox starts in.
    var lease: CgroupLease?

    init(bubblewrap: String, layout: BubblewrapArguments, identity: Identity) {
        let spec = layout.spec
        let state = layout.state
        program = bubblewrap
        journalPath = state.journal
        stateDirectory = state.path
        switch identity {
        case .service(let user, let group):
            arguments = layout.build { $0 }
            mounts = StagedMounts(spec: spec, state: state, staging: nil, ownsLayers: true)
            peerUser = user
            // bubblewrap makes a user namespace of its own; this one is for the overlays.
            if !mounts.overlays.isEmpty {
                uidMap = "\(user) \(user) 1"
                gidMap = "\(group) \(group) 1"
            }
        case .own(let sessionUser, let ownsBase):
            var places = Staging()
            arguments = layout.build { Staging.fixed($0, state) ?? places.place($0) }
            mounts = StagedMounts(spec: spec, state: state, staging: places, ownsLayers: ownsBase)
            peerUser = Self.overflowUser
            user = sessionUser
        }
        arguments.insert("bwrap", at: 0)
        record = SandboxRecord(
            id: spec.id, user: user?.id, environment: layout.environment(), egress: spec.egress)
    }

    /// What users look like that do not exist in a user namespace.
    private static var overflowUser: UInt32 {
        let bytes = Descriptors.contents(ofFile: "/proc/sys/kernel/overflowuid", limit: 64) ?? []
        return UInt32(String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)) ?? 65_534
    }

    /// Adds what the supervisor is told of itself and of the descriptors that it gets.
    mutating func tellSupervisor(gateway: Bool, counter: Bool, lock: Bool, groups: Int) {
        var told = ["--identity", record.identity, "--peer-user", "\(peerUser)"]
        if gateway { told += ["--gateway-fd", "\(SandboxLayout.gatewayDescriptor)"] }
        if counter { told += ["--oom-fd", "\(SandboxLayout.counterDescriptor)"] }
        if lock { told += ["--lock-fd", "\(SandboxLayout.lockDescriptor)"] }
        for index in 0..<Int32(groups) { told += ["--group-fd", "\(SandboxLayout.groupDescriptor + index)"] }
        arguments += told
    }

    /// How the overlays are marked.
    var overlayAttributes: OverlayChanges.Attributes { mounts.attributes }

    /// The step that fails where the base's file system cannot be shown under another owner (before Linux 5.19, or on
    /// a network file system).
    static let ownerStep = "show the snapshot as the sandbox's"

    /// The step that fails where the kernel mounts no overlay for this user.
    static let overlayStep = "mount overlay"

    /// What a failed step is called in messages.
    static func name(ofStep step: Int32) -> String {
        switch UInt32(bitPattern: step) {
        case CSPAWN_STEP_GROUPS.rawValue: "join the control groups"
        case CSPAWN_STEP_USER_NAMESPACE.rawValue: "create user namespace"
        case CSPAWN_STEP_MOUNT_NAMESPACE.rawValue: "create mount namespace"
        case CSPAWN_STEP_OVERLAY.rawValue: overlayStep
        case CSPAWN_STEP_STAGING.rawValue: "mount what the sandbox sees"
        case CSPAWN_STEP_OWNER.rawValue: ownerStep
        case CSPAWN_STEP_IDENTITY.rawValue: "become the sandbox's user"
        case CSPAWN_STEP_EXEC.rawValue: "start bubblewrap"
        default: "start a process"
        }
    }
}
