import Diagnostics
import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Parses a file of tools' output in pieces of what is read of one stream at most.
struct DiagnosticsBenchmark {
    let bytes: [UInt8]

    init?(path: String) {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        self.bytes = bytes
    }

    /// The pieces' megabytes (10⁶ bytes) a second and a second of processor time, how much was found, and the peak of resident memory in bytes, the
    /// text itself included.
    func run() -> JSON {
        var rates: [JSON] = []
        var processorRates: [JSON] = []
        var diagnostics = 0
        var total = 0.0
        var start = 0
        while start < bytes.count {
            let piece = Array(bytes[start..<end(from: start)])
            let output = CheckOutput(
                command: ["make", "check"], stdout: piece, stderr: [], workingDirectory: "/src", workspaceRoot: "/src")
            let before = Self.processorSeconds()
            let duration = ContinuousClock().measure {
                diagnostics += DiagnosticParsing.parse(output, sourceLine: { _, _ in nil }).diagnostics.count
            }
            total += duration / .seconds(1)
            rates.append(.number(JSONNumber(Double(piece.count) / (duration / .seconds(1)) / 1e6)))
            processorRates.append(.number(JSONNumber(Double(piece.count) / (Self.processorSeconds() - before) / 1e6)))
            start += piece.count
        }
        var usage = rusage()
        // RUSAGE_SELF, which is of another type in every C library.
        getrusage(0, &usage)
        return [
            "bytes": .number(JSONNumber(bytes.count)), "seconds": .number(JSONNumber(total)),
            "megabytesPerSecond": .array(rates), "megabytesPerProcessorSecond": .array(processorRates),
            "diagnostics": .number(JSONNumber(diagnostics)),
            "peakBytes": .number(JSONNumber(Int(usage.ru_maxrss) * 1024)),
        ]
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Behind the last whole line that fits.
    private func end(from start: Int) -> Int {
        let reach = min(bytes.count, start + DiagnosticLimits.inputBytes)
        guard reach < bytes.count, let lineFeed = bytes[start..<reach].lastIndex(of: 0x0A) else { return reach }
        return lineFeed + 1
    }
}
