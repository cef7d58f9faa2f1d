import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension RunningSandbox {
    /// How long the sandbox program has to report the end of its first process by itself.
    private static let patienceMilliseconds: Int32 = 2_000

    /// Kills the sandbox and returns when no process of it is left: the kernel reports the end of the first process
    /// inside only after all others of its PID namespace are gone.
    func tearDown(patiently: Bool) {
        if patiently {
            _ = ProcessIdentity.wait(open.inner >= 0 ? open.inner : open.outer, milliseconds: Self.patienceMilliseconds)
        }
        if open.status >= 0 { readStatus() }
        if open.inner >= 0 {
            _ = cspawn_pidfd_signal(open.inner, SIGKILL)
            _ = ProcessIdentity.wait(open.inner, milliseconds: -1)
        }
        // Given a moment, bubblewrap reports by itself. Without a known first process everything of its name goes.
        if open.inner < 0 || !ProcessIdentity.wait(open.outer, milliseconds: Self.patienceMilliseconds) {
            endByName()
            _ = cspawn_pidfd_signal(open.outer, SIGKILL)
        }
        if open.outer >= 0 { _ = ProcessIdentity.wait(open.outer, milliseconds: -1) }
        var used = cspawn_usage()
        // Of an adopted sandbox somebody else is the parent.
        if open.outer >= 0, cspawn_reap_pidfd(open.outer, &used) == 0 { usage = used }
        while open.errors >= 0, let bytes = Descriptors.read(open.errors, atMost: 4096), !bytes.isEmpty {
            errorText += bytes
        }
        errorText = Array(errorText.suffix(Self.maximumErrorText))
        SandboxRecord.remove(stateDirectory)
    }

    /// bubblewrap and what it started before it could tell.
    private func endByName() {
        let processes = SandboxProcesses(record: record)
        // Twice: the first may have been about to start the second.
        for _ in 0..<2 {
            for process in processes.named() where process != record.outer {
                _ = SandboxProcesses.end(process, milliseconds: -1)
            }
            _ = cspawn_pidfd_signal(open.outer, SIGKILL)
            if open.outer >= 0 { _ = ProcessIdentity.wait(open.outer, milliseconds: -1) }
        }
    }

    /// Why it ended, for the user: what the supervisor said, how the program ended and what it printed.
    func explanation(_ said: String?) -> String {
        var parts: [String] = []
        if let said { parts.append(said) }
        if let usage {
            let code = usage.exit_code
            if usage.signal != 0 {
                parts.append("bubblewrap was killed by signal \(usage.signal)")
            } else if code > 128 {
                parts.append("its first process was killed by signal \(code - 128)")
            } else {
                parts.append("its first process ended with exit code \(code)")
            }
        }
        let printed = String(decoding: errorText, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.filter { !$0.isASCII || $0 >= " " } }.joined(separator: "; ")
        if !printed.isEmpty { parts.append(printed) }
        return parts.isEmpty ? "it ended without a word" : parts.joined(separator: "; ")
    }
}
