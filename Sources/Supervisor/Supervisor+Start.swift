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
    /// Starts a command in its own session, with pipes for its output and no other descriptor.
    func start(_ command: ExecCommand) throws(StartFailure) -> RunningCommand {
        var input = nullDevice
        if let bytes = command.standardInput {
            input = bytes.withUnsafeBytes { cspawn_memory_file($0.baseAddress, $0.count) }
            guard input >= 0 else {
                throw StartFailure(errno: -input, message: "standard input: \(System.text(of: -input))")
            }
        }
        defer { if input != nullDevice { System.close(input) } }
        let (outRead, outWrite) = try makePipe()
        let errRead: Int32
        let errWrite: Int32
        do {
            (errRead, errWrite) = try makePipe()
        } catch {
            System.close(outRead)
            System.close(outWrite)
            throw error
        }
        defer {
            System.close(outWrite)
            System.close(errWrite)
        }
        let mark = nextMark
        nextMark += 1
        do {
            let pid = try spawn(command, descriptors: [input, outWrite, errWrite], mark: mark)
            return RunningCommand(command: command, pid: pid, mark: mark, stdoutPipe: outRead, stderrPipe: errRead)
        } catch {
            System.close(outRead)
            System.close(errRead)
            throw error
        }
    }

    private func makePipe() throws(StartFailure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        let code = cspawn_pipe(&ends, true)
        guard code == 0 else { throw StartFailure(errno: -code, message: "pipe: \(System.text(of: -code))") }
        return (ends[0], ends[1])
    }

    private func spawn(_ command: ExecCommand, descriptors: [Int32], mark: UInt64) throws(StartFailure) -> pid_t {
        let programs = CStrings(candidates(for: command))
        let arguments = CStrings(command.arguments)
        let environment = CStrings(command.environment)
        let directory = CStrings([command.directory])
        var result = cspawn_result()
        let code = withExtendedLifetime((programs, arguments, environment, directory)) {
            descriptors.withUnsafeBufferPointer { descriptors in
                var options = cspawn_options()
                options.programs = programs.pointer
                options.arguments = arguments.pointer
                options.environment = environment.pointer
                options.directory = directory.pointer[0]
                options.descriptors = descriptors.baseAddress
                options.descriptor_count = descriptors.count
                options.new_session = true
                options.mark = mark
                return cspawn_start(&options, &result)
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
