import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a command never ran.
struct StartFailure: Error {
    var errno: Int32
    var message: String
}

extension Supervisor {
    /// Starts a command in its own session, with pipes or a terminal and no other descriptor.
    func start(_ command: ExecCommand) throws(StartFailure) -> RunningCommand {
        let streams = try CommandStreams(command, nullDevice: nullDevice)
        let mark = nextMark
        nextMark += 1
        let outOfMemoryBefore = memory.read()
        do {
            let pid = try spawn(command, descriptors: streams.childEnds, mark: mark)
            streams.closeChildEnds()
            watch.wake()
            return RunningCommand(
                command: command, pid: pid, mark: mark, streams: streams, outOfMemoryBefore: outOfMemoryBefore)
        } catch {
            streams.closeAll()
            throw error
        }
    }

    private func spawn(_ command: ExecCommand, descriptors: [Int32], mark: UInt64) throws(StartFailure) -> pid_t {
        let programs = CStrings(candidates(for: command))
        let arguments = CStrings(command.arguments)
        let environment = CStrings(command.environment)
        let directory = CStrings([command.directory])
        var result = cspawn_result()
        let code = withExtendedLifetime((programs, arguments, environment, directory)) {
            descriptors.withUnsafeBufferPointer { descriptors in
                groups.withUnsafeBufferPointer { groups in
                    var options = cspawn_options()
                    options.programs = programs.pointer
                    options.arguments = arguments.pointer
                    options.environment = environment.pointer
                    options.directory = directory.pointer[0]
                    options.descriptors = descriptors.baseAddress
                    options.descriptor_count = descriptors.count
                    options.control_groups = groups.baseAddress
                    options.control_group_count = groups.count
                    options.new_session = true
                    options.controlling_terminal = command.terminal != nil
                    options.mark = mark
                    return cspawn_start(&options, &result)
                }
            }
        }
        guard code == 0 else { throw failure(result, of: command) }
        System.close(result.pidfd)
        return result.pid
    }

    /// Where the program may be. Only a name without a slash is looked up.
    private func candidates(for command: ExecCommand) -> [String] {
        let name = command.arguments[0]
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else { return [name] }
        let path = command.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }
    }

    private func failure(_ result: cspawn_result, of command: ExecCommand) -> StartFailure {
        let reason = System.text(of: result.error)
        let name = command.arguments[0].prefix(256)
        let message =
            switch Int(result.step) {
            case Int(CSPAWN_STEP_DIRECTORY.rawValue):
                "working directory \(command.directory.prefix(1024)): \(reason)"
            case Int(CSPAWN_STEP_EXEC.rawValue) where result.error == ENOENT && !name.contains("/"):
                "\(name): command not found in PATH"
            case Int(CSPAWN_STEP_EXEC.rawValue):
                "\(name): \(reason)"
            default:
                "starting a process: \(reason)"
            }
        return StartFailure(errno: result.error, message: message)
    }
}

/// A NULL-terminated array of C strings that lives as long as this object.
final class CStrings {
    private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        storage = .allocate(capacity: count + 1)
        for (index, text) in strings.enumerated() { storage[index] = UnsafePointer(strdup(text)) }
        storage[count] = nil
    }

    var pointer: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(storage) }

    deinit {
        for index in 0..<count { free(UnsafeMutablePointer(mutating: storage[index])) }
        storage.deallocate()
    }
}
