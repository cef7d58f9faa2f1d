#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many processes of the sandbox's control group the kernel has killed because memory ran out.
struct OutOfMemoryCounter {
    /// `memory.events` (version 2) or `memory.oom_control` (version 1), open for reading; -1 for none.
    let descriptor: Int32

    /// Zero where nobody counts.
    func read() -> Int {
        guard descriptor >= 0, let bytes = System.readAt(descriptor, offset: 0, count: 4096) else { return 0 }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count == 2, words[0].elementsEqual("oom_kill".utf8) else { continue }
            return max(0, Int(String(decoding: words[1], as: UTF8.self)) ?? 0)
        }
        return 0
    }
}
