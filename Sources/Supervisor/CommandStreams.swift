import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The standard streams of a command that is about to start: the command's ends and ours.
struct CommandStreams {
    /// Standard input, output and error of the command.
    private(set) var childEnds: [Int32] = []
    private(set) var stdout: Int32 = -1
    private(set) var stderr: Int32 = -1
    private(set) var input: CommandInput?
    /// The master of a terminal, the same as `stdout`; -1 for none.
    var terminal: Int32 { isTerminal ? stdout : -1 }
    /// The command's side of the terminal, held by us until the command has ended: a program that closes it for a moment
    /// must not look like the end. -1 for none.
    private(set) var held: Int32 = -1

    private let isTerminal: Bool
    private var opened: [Int32] = []

    /// `nullDevice` stays the caller's.
    init(_ command: ExecCommand, nullDevice: Int32) throws(StartFailure) {
        isTerminal = command.terminal != nil
        do throws(StartFailure) {
            if let cells = command.terminal {
                try openTerminal(cells, command)
            } else {
                try openPipes(command, nullDevice)
            }
        } catch {
            closeAll()
            throw error
        }
    }

    private mutating func openTerminal(_ cells: TerminalCells, _ command: ExecCommand) throws(StartFailure) {
        var ends: [Int32] = [-1, -1]
        try check(cspawn_terminal(&ends, cells.columns, cells.rows), "terminal")
        opened += ends
        stdout = ends[0]
        held = ends[1]
        let writer = fcntl(ends[0], F_DUPFD_CLOEXEC, 3)
        try check(writer < 0 ? -errno : 0, "terminal")
        opened.append(writer)
        input = CommandInput(
            descriptor: writer, isTerminal: true, given: command.standardInput ?? [], staysOpen: true)
        childEnds = [held, held, held]
    }

    private mutating func openPipes(_ command: ExecCommand, _ nullDevice: Int32) throws(StartFailure) {
        var standardInput = nullDevice
        if command.interactiveInput {
            let (read, write) = try pipe(nonblockingWriter: true)
            standardInput = read
            input = CommandInput(
                descriptor: write, isTerminal: false, given: command.standardInput ?? [], staysOpen: true)
        } else if let bytes = command.standardInput {
            standardInput = bytes.withUnsafeBytes { cspawn_memory_file($0.baseAddress, $0.count) }
            try check(standardInput, "standard input")
            opened.append(standardInput)
        }
        let output = try pipe(nonblockingWriter: false)
        let errors = try pipe(nonblockingWriter: false)
        stdout = output.read
        stderr = errors.read
        childEnds = [standardInput, output.write, errors.write]
    }

    private mutating func pipe(nonblockingWriter: Bool) throws(StartFailure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        try check(cspawn_pipe(&ends, !nonblockingWriter), "pipe")
        opened += ends
        if nonblockingWriter { _ = fcntl(ends[1], F_SETFL, fcntl(ends[1], F_GETFL) | O_NONBLOCK) }
        return (ends[0], ends[1])
    }

    private func check(_ code: Int32, _ what: String) throws(StartFailure) {
        guard code < 0 else { return }
        throw StartFailure(errno: -code, message: "\(what): \(System.text(of: -code))")
    }

    /// Once the command has its ends: closes what only it needs.
    func closeChildEnds() {
        let ours = [stdout, stderr, held, input?.descriptor ?? -1]
        for descriptor in opened where !ours.contains(descriptor) { System.close(descriptor) }
    }

    func closeAll() {
        for descriptor in opened { System.close(descriptor) }
    }
}
