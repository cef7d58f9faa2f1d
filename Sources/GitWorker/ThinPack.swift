import CSpawn
import Git
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `git pack-objects` of the system, sealed: no configuration of system, user or repository, no hook, an empty repository of
/// its own that only borrows the user's objects.
enum ThinPack {
    /// - Returns: bytes of the pack; nil where there is no git on `PATH`, or it fails.
    static func write(
        _ objects: [(id: ObjectID, name: [UInt8])], base: ObjectID?, objectsOf repository: Repository,
        environment: [String: String], to path: String
    ) throws -> Int? {
        guard let program = program(environment) else { return nil }
        let own = "\(path).git"
        _ = try Repository.create(bare: own)
        defer { FolderRemoval.remove(own) }
        let list = "\(path).list"
        guard FileBytes.write(input(objects, base), toFile: list, mode: 0o600) else {
            throw WorkspaceError.fileFailed(path: list, reason: String(cString: strerror(errno)))
        }
        defer { unlink(list) }
        let status = run(
            program,
            [
                "git", "pack-objects", "-q", "--stdout", "--delta-base-offset", "--threads=2",
                "--window-memory=64m",
            ] + (base == nil ? [] : ["--thin"]),
            [
                "GIT_DIR": own, "GIT_OBJECT_DIRECTORY": "\(repository.commonDirectory)objects",
                "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": own, "LC_ALL": "C",
                "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1",
            ], input: list, output: path)
        var file = stat()
        guard status == 0, lstat(path, &file) == 0, file.st_size > 32 else {
            unlink(path)
            return nil
        }
        return Int(file.st_size)
    }

    /// As `git pack-objects` reads it: trees that the receiver has with a minus, objects with their names.
    private static func input(_ objects: [(id: ObjectID, name: [UInt8])], _ base: ObjectID?) -> [UInt8] {
        var text: [UInt8] = []
        if let base { text += Array("-\(base)\n".utf8) }
        for (id, name) in objects {
            text += Array(id.description.utf8)
            if !name.isEmpty, !name.contains(UInt8(ascii: "\n")) { text += [UInt8(ascii: " ")] + name }
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    private static func program(_ environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").lazy.filter { $0.hasPrefix("/") }
            .map { "\($0)/git" }.first { access($0, X_OK) == 0 }
    }

    /// - Returns: the exit status; -1 when it could not be run.
    private static func run(
        _ program: String, _ arguments: [String], _ environment: [String: String], input: String, output: String
    ) -> Int32 {
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        let source = open(input, O_RDONLY | O_CLOEXEC)
        let target = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        defer { for file in [null, source, target] where file >= 0 { close(file) } }
        guard null >= 0, source >= 0, target >= 0 else { return -1 }
        var result = cspawn_result()
        let descriptors = [source, target, null]
        let started = withCStrings([program]) { programs in
            withCStrings(arguments) { arguments in
                withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                    descriptors.withUnsafeBufferPointer { descriptors in
                        var options = cspawn_options()
                        options.programs = programs
                        options.arguments = arguments
                        options.environment = environment
                        options.descriptors = descriptors.baseAddress
                        options.descriptor_count = descriptors.count
                        return cspawn_start(&options, &result)
                    }
                }
            }
        }
        guard started == 0 else { return -1 }
        if result.pidfd >= 0 { close(result.pidfd) }
        var status: Int32 = 0
        while waitpid(result.pid, &status, 0) < 0 { guard errno == EINTR else { return -1 } }
        return status
    }

    private static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { $0.map { UnsafePointer($0) } } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
