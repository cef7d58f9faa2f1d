import CSpawn
import Spawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Mounts an overlay as a sandbox's workspace is mounted, in a process that ends at once.
enum OverlayProbe {
    static let guardName = "overlay workspaces"

    static func report() -> Guard {
        let works = mounts()
        return Guard(
            name: guardName, active: works,
            advice: works
                ? "A sandbox starts on a frozen copy without copying it again; other root file systems can be used."
                : "The kernel mounts no overlay for this user (it needs CONFIG_OVERLAY_FS, and Linux 5.11 or later for "
                    + "ordinary users). Every workspace is copied, and no root file system but the host's can be used.")
    }

    private static func mounts() -> Bool {
        var template = Array("/tmp/cofferdam-overlay-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        guard made else { return false }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? TreeRemoval.remove(directory) }
        for name in ["lower", "upper", "work", "merged"] where mkdir("\(directory)/\(name)", 0o700) != 0 {
            return false
        }
        let isOwn = SessionUser.availableRange() != nil
        let overlay = StagedMounts.Overlay(
            target: directory + "/merged", lower: [directory + "/lower"], upper: directory + "/upper",
            work: directory + "/work", options: isOwn ? "" : "userxattr")
        return start(overlay, userNamespace: !isOwn)
    }

    private static func start(_ overlay: StagedMounts.Overlay, userNamespace: Bool) -> Bool {
        let texts = CStringArray([
            overlay.target, overlay.options, "\(geteuid()) \(geteuid()) 1", "\(getegid()) \(getegid()) 1",
        ])
        return withExtendedLifetime(texts) {
            withUnsafePointer(to: cspawn_overlay(target: texts.pointer[0], options: texts.pointer[1])) { overlay in
                var stage = cspawn_stage()
                stage.overlays = overlay
                stage.overlay_count = 1
                stage.owner_namespace = -1
                stage.uid_map = userNamespace ? texts.pointer[2] : nil
                stage.gid_map = userNamespace ? texts.pointer[3] : nil
                return withUnsafePointer(to: stage) {
                    HostProgram.succeeds(["/bin/true", "/usr/bin/true"], ["true"], stage: $0)
                }
            }
        }
    }
}
