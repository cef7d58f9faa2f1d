import CSpawn
import Glibc
import SupervisorProtocol
import Testing

@testable import Sandbox

/// The supervisor program by itself, without a sandbox around it, and a service that says what a test wants it to.
final class DirectSupervisor {
    let directory: String
    let pid: pid_t
    private let folder: Int32

    /// `counter` is a file in which the count of processes killed for want of memory stands.
    init(counter: String? = nil, orphanMilliseconds: Int = 60_000, peerUser: UInt32 = geteuid()) throws {
        directory = try TestSandbox.makeDirectory()
        for name in ["journal", "root"] { try TestSandbox.make(directory + "/" + name) }
        folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let listener = cspawn_listen_local(folder, "control.sock")
        let journal = open(directory + "/journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let file = counter.map { open($0, O_RDONLY | O_CLOEXEC) } ?? -1
        defer { for descriptor in [listener, journal, file] { Descriptors.close(descriptor) } }
        try #require(listener >= 0 && journal >= 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Far up, so that none of them is in the way of another.
        let given = [(listener, Int32(200)), (journal, Int32(201)), (file, Int32(202))].filter { $0.0 >= 0 }
        for (descriptor, target) in given { posix_spawn_file_actions_adddup2(&actions, descriptor, target) }
        var words = ["supervisor", "--control-fd", "200", "--journal-fd", "201", "--root", directory + "/root"]
        words += ["--orphan-grace", "\(orphanMilliseconds)", "--peer-user", "\(peerUser)"]
        if counter != nil { words += ["--oom-fd", "202"] }
        var arguments = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        var started: pid_t = 0
        try #require(posix_spawn(&started, SupervisorBinary.find().path, &actions, nil, &arguments, environ) == 0)
        pid = started
    }

    /// Kills it and waits for its end.
    func end() {
        // It is in no PID namespace that would end with it: what it started is ended here.
        for child in ProcessIdentity.all() where ProcessIdentity.parent(of: child) == pid { kill(-child, SIGKILL) }
        kill(pid, SIGKILL)
        _ = exitStatus()
        Descriptors.close(folder)
        try? LocalDriver.discard(stateDirectory: directory)
    }

    /// Waits for its end. Nil when somebody has done so before.
    func exitStatus() -> Int32? {
        var status: Int32 = 0
        while true {
            let code = waitpid(pid, &status, 0)
            if code == pid { return status }
            if code < 0, errno != EINTR { return nil }
        }
    }

    func connect() throws -> Line {
        let descriptor = RunningSandbox.connect(folder, "control.sock")
        try #require(descriptor >= 0)
        return Line(descriptor)
    }

    /// One connection of a service.
    final class Line {
        private let descriptor: Int32
        private var decoder = FrameDecoder()

        init(_ descriptor: Int32) {
            self.descriptor = descriptor
        }

        deinit {
            Descriptors.close(descriptor)
        }

        func send(_ request: SupervisorRequest) { send(request.encoded()) }

        func send(_ bytes: [UInt8]) {
            #expect(Descriptors.write(descriptor, bytes[...]) == bytes.count)
        }

        func greet() throws {
            send(.hello(version: ProtocolLimits.version))
            #expect(try next() == .welcome(version: ProtocolLimits.version))
        }

        /// The next event; nil at the end of the connection.
        func next() throws -> SupervisorEvent? {
            while true {
                if let frame = try decoder.next() { return try SupervisorEvent(frame) }
                var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                try #require(poll(&polled, 1, 120_000) == 1)
                guard let bytes = Descriptors.read(descriptor), !bytes.isEmpty else { return nil }
                decoder.append(bytes)
            }
        }

        /// The exit record of the command that ends next; what else comes is left out.
        func exit() throws -> ExitRecord {
            while let event = try next() {
                if case .exited(_, let record) = event { return record }
            }
            throw SandboxError.lost("the connection ended")
        }

        func start(_ script: String, interactive: Bool = false) -> ExecID {
            let id = ExecID()
            send(
                .exec(
                    ExecCommand(
                        id: id, arguments: ["/bin/sh", "-c", script], environment: ["PATH=/usr/bin:/bin"],
                        directory: "/",
                        timeoutMilliseconds: 0, graceMilliseconds: 100, outputLimit: 1 << 20, standardInput: nil,
                        interactiveInput: interactive)))
            send(.attach(id, token: 1, stdoutOffset: 0, stderrOffset: 0, window: 1 << 20))
            return id
        }
    }
}
