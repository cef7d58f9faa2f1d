import CSpawn
import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `sandbox.json` in a state directory: what a later service needs to find the sandbox of that directory again, to go on
/// with it or to end it. Written before the sandbox starts, and again when its processes are known.
struct SandboxRecord: Sendable, Equatable {
    static let fileName = "sandbox.json"
    private static let version = 1
    /// Far above what an environment takes.
    private static let maximumBytes = 2 << 20

    /// The `id` of the spec.
    var id: String
    /// On the supervisor's command line: names its processes when nothing else is known. Random, so nobody has it by chance.
    var identity: String
    /// The sandbox's own user; nil when it runs as the service's.
    var user: UInt32?
    /// What every command's environment starts from.
    var environment: [String: String]
    var egress: Bool
    /// Of the boot and of the PID namespace that the numbers below belong to.
    var bootID: String
    var namespace: String
    /// bubblewrap, and the first process inside.
    var outer: ProcessIdentity?
    var inner: ProcessIdentity?

    init(id: String, user: UInt32?, environment: [String: String], egress: Bool) {
        self.id = id
        self.user = user
        self.environment = environment
        self.egress = egress
        var random: UInt64 = 0
        var more: UInt64 = 0
        _ = cspawn_random(&random, 8)
        _ = cspawn_random(&more, 8)
        identity = String(random, radix: 16) + "-" + String(more, radix: 16)
        bootID = Self.currentBoot
        namespace = Self.currentNamespace
    }

    static var currentBoot: String {
        let bytes = Descriptors.contents(ofFile: "/proc/sys/kernel/random/boot_id", limit: 256) ?? []
        return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    }

    static var currentNamespace: String { HostPaths.linkTarget("/proc/self/ns/pid") ?? "" }

    /// Whether the process numbers mean anything now.
    var isOfThisBoot: Bool { bootID == Self.currentBoot }
    var isOfThisNamespace: Bool { isOfThisBoot && namespace == Self.currentNamespace }

    // MARK: The file

    /// The record of a state directory; nil when there is none or it is not whole.
    static func read(_ stateDirectory: String) -> SandboxRecord? {
        let path = stateDirectory + "/" + fileName
        guard let bytes = Descriptors.contents(ofFile: path, limit: maximumBytes, followLink: false),
            let json = try? JSON(parsing: bytes)
        else { return nil }
        return SandboxRecord(json)
    }

    /// Replaces the file in one step.
    func write(_ stateDirectory: String) throws(SandboxError) {
        let path = stateDirectory + "/" + Self.fileName
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .setUpFailed(step: "create \(temporary)", errno: errno) }
        defer { Descriptors.close(descriptor) }
        let bytes = json.serialized(.sortedKeys)
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw .setUpFailed(step: "write \(temporary)", errno: ENOSPC) }
        guard rename(temporary, path) == 0 else { throw .setUpFailed(step: "create \(path)", errno: errno) }
    }

    /// Once nothing of the sandbox is left.
    static func remove(_ stateDirectory: String) {
        for name in [fileName, StateDirectory.controlSocket, StateDirectory.gatewaySocket] {
            unlink(stateDirectory + "/" + name)
        }
    }

    private var json: JSON {
        var object = JSONObject()
        object["version"] = .number(JSONNumber(Self.version))
        object["id"] = .string(id)
        object["identity"] = .string(identity)
        object["user"] = user.map { .number(JSONNumber($0)) }
        object["environment"] = .object(JSONObject(environment.map { ($0.key, JSON.string($0.value)) }))
        object["egress"] = .bool(egress)
        object["bootId"] = .string(bootID)
        object["pidNamespace"] = .string(namespace)
        object["program"] = outer.map(Self.json)
        object["supervisor"] = inner.map(Self.json)
        return .object(object)
    }

    private static func json(_ process: ProcessIdentity) -> JSON {
        ["pid": .number(JSONNumber(process.pid)), "startTime": .number(JSONNumber(process.startTime))]
    }

    private init?(_ json: JSON) {
        guard json["version"]?.intValue == Self.version, let id = json["id"]?.stringValue,
            let identity = json["identity"]?.stringValue, !identity.isEmpty,
            let bootID = json["bootId"]?.stringValue, let namespace = json["pidNamespace"]?.stringValue,
            let egress = json["egress"]?.boolValue, let variables = json["environment"]?.objectValue
        else { return nil }
        self.id = id
        self.identity = identity
        self.bootID = bootID
        self.namespace = namespace
        self.egress = egress
        user = json["user"]?.intValue.flatMap { UInt32(exactly: $0) }
        environment = [:]
        for (name, value) in variables { environment[name] = value.stringValue }
        outer = Self.process(json["program"])
        inner = Self.process(json["supervisor"])
    }

    private static func process(_ json: JSON?) -> ProcessIdentity? {
        guard let pid = json?["pid"]?.intValue.flatMap({ pid_t(exactly: $0) }), pid > 1,
            let start = json?["startTime"]?.intValue
        else { return nil }
        return ProcessIdentity(pid: pid, startTime: start)
    }
}
