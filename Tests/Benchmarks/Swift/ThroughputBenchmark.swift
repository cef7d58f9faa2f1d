import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs a body over and over and takes megabytes (10⁶ bytes) a second.
struct ThroughputBenchmark {
    /// Odd, so that the median is a sample.
    private let samples = 31
    /// Long against the clock's resolution and a context switch.
    private let sampleDuration = Duration.milliseconds(20)

    /// - Parameter body: gives back something that depends on its work, and never 0.
    func run(_ operation: String, _ payload: Payload, _ body: () -> Int) -> JSON {
        var rounds = 1
        while time(rounds, body) < sampleDuration { rounds *= 2 }
        let figures = (0..<samples).map { _ -> JSON in
            let seconds = time(rounds, body) / .seconds(1)
            return .number(JSONNumber(Double(payload.bytes.count * rounds) / seconds / 1e6))
        }
        return [
            "operation": .string(operation), "payload": .string(payload.name),
            "bytes": .number(JSONNumber(payload.bytes.count)), "megabytesPerSecond": .array(figures),
        ]
    }

    private func time(_ rounds: Int, _ body: () -> Int) -> Duration {
        ContinuousClock().measure {
            for _ in 0..<rounds where body() == 0 { fail("an operation has failed") }
        }
    }

    func print(_ json: JSON) {
        Swift.print(json.text)
    }

    func fail(_ reason: String) -> Never {
        let text = Array("cofferdam-benchmarks: \(reason)\n".utf8)
        _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(1)
    }
}
