import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The user that a sandbox runs as when the service is root: an id that no other session and no account has.
///
/// Ids come from 1,879,048,192 (0x70000000) on, 65,536 of them, which neither distributions nor container engines nor
/// systemd give away; inside a container that has only the first 65,536 ids, from 61,184 to 65,519, systemd's range for
/// short-lived users. The group has the same number. An id is taken by a lock on one byte of a file that the kernel
/// gives back when neither the service nor the sandbox has it open any more, however they end.
final class SessionUser: Sendable {
    struct Range: Equatable {
        var first: UInt32
        var count: UInt32

        func contains(_ id: UInt32) -> Bool {
            id >= first && id - first < count
        }
    }

    static let ranges = [Range(first: 0x7000_0000, count: 65_536), Range(first: 61_184, count: 4_336)]
    private static let lockDirectory = "/run/cofferdam"
    /// Tries before giving up; with fewer than half of the ids in use, one in a million sessions needs twenty.
    private static let attempts = 64

    let id: UInt32
    /// The open file that holds the lock. Whoever has it open keeps the id taken: the sandbox does, beyond the service.
    let lock: Int32

    private init(id: UInt32, lock: Int32) {
        self.id = id
        self.lock = lock
    }

    deinit {
        Descriptors.close(lock)
    }

    /// The range to take ids from; nil when this process cannot become another user or make mounts.
    static func availableRange() -> Range? {
        guard geteuid() == 0, hasRights() else { return nil }
        return ranges.first { range in
            ["uid_map", "gid_map"].allSatisfy { isMapped(range, in: "/proc/self/\($0)") }
        }
    }

    /// Why this process, which cannot give a sandbox a user of its own, may not run it as its own user: nil for an
    /// ordinary user, also one that a user namespace calls root.
    static func objection() -> String? {
        let map = Descriptors.contents(ofFile: "/proc/self/uid_map", limit: 64 << 10) ?? []
        let isRoot = String(decoding: map, as: UTF8.self).split(separator: "\n").contains { line in
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            return numbers.count == 3 && numbers[0] == 0 && numbers[1] == 0
        }
        guard geteuid() == 0, isRoot || map.isEmpty else { return nil }
        return
            "The service runs as root but can neither mount nor become another user. Run it as an ordinary user, or give "
            + "it CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID, CAP_CHOWN and CAP_DAC_OVERRIDE, and the user ids from "
            + ranges.map { "\($0.first)" }.joined(separator: " or from ") + " on."
    }

    /// Takes this very id; nil when somebody has it.
    static func take(_ id: UInt32) -> SessionUser? {
        guard ranges.contains(where: { $0.contains(id) }) else { return nil }
        let lock = open(lockDirectory + "/session-users", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard lock >= 0 else { return nil }
        if cspawn_lock_byte(lock, off_t(id)) == 0 { return SessionUser(id: id, lock: lock) }
        Descriptors.close(lock)
        return nil
    }

    /// Takes an id; `preferred` is the one that the session had before, if it can be had.
    static func take(from range: Range, preferred: UInt32?) throws(SandboxError) -> SessionUser {
        guard mkdir(lockDirectory, 0o700) == 0 || errno == EEXIST else {
            throw .setUpFailed(step: "create \(lockDirectory)", errno: errno)
        }
        let path = lockDirectory + "/session-users"
        let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .setUpFailed(step: "open \(path)", errno: errno) }
        for attempt in 0..<attempts {
            var random: UInt32 = 0
            guard cspawn_random(&random, 4) == 0 else { break }
            var id = range.first + random % range.count
            if attempt == 0, let preferred, range.contains(preferred) { id = preferred }
            let code = cspawn_lock_byte(lock, off_t(id))
            if code == 0 { return SessionUser(id: id, lock: lock) }
            guard code == -EAGAIN else {
                Descriptors.close(lock)
                throw .setUpFailed(step: "lock \(path)", errno: -code)
            }
        }
        Descriptors.close(lock)
        throw .setUpFailed(step: "find a free user id", errno: EAGAIN)
    }

    /// CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN.
    private static let neededCapabilities: UInt64 = 1 << 0 | 1 << 1 | 1 << 6 | 1 << 7 | 1 << 21

    private static func hasRights() -> Bool {
        guard let bytes = Descriptors.contents(ofFile: "/proc/thread-self/status", limit: 64 << 10) else {
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        guard let digits = line?.dropFirst("CapEff:".count).split(whereSeparator: \.isWhitespace).first,
            let capabilities = UInt64(digits, radix: 16)
        else { return false }
        return capabilities & neededCapabilities == neededCapabilities
    }

    /// Whether all ids of a range exist in this process's user namespace.
    private static func isMapped(_ range: Range, in file: String) -> Bool {
        guard let bytes = Descriptors.contents(ofFile: file, limit: 64 << 10) else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            return numbers.count == 3 && numbers[0] <= UInt64(range.first)
                && numbers[0] + numbers[2] >= UInt64(range.first) + UInt64(range.count)
        }
    }
}
