import Dispatch
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A pipe for tests; each end is to be closed by the test or by the transport that owns it.
final class Pipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws {
        let ends = try PrivatePipe()
        (readEnd, writeEnd) = (ends.readEnd, ends.writeEnd)
    }

    /// Writes all bytes, however long the reader takes.
    func write(_ bytes: [UInt8]) async throws {
        try await onOwnThread { [writeEnd] in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Self.systemWrite(writeEnd, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw PipeError(errno: errno) }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Reads up to `count` bytes, waiting for at least one; empty at the end.
    func read(_ count: Int = 65536) async throws -> [UInt8] {
        try await onOwnThread { [readEnd] in
            try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                var result = -1
                repeat {
                    result = Self.systemRead(readEnd, buffer.baseAddress, count)
                } while result < 0 && errno == EINTR
                guard result >= 0 else { throw PipeError(errno: errno) }
                initialized = result
            }
        }
    }

    func readToEnd() async throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try await read()
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    /// Blocking calls must not occupy the few threads that tasks run on.
    private func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
    }

    func closeWriteEnd() { _ = close(writeEnd) }
    func closeReadEnd() { _ = close(readEnd) }

    private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer, count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer, count)
        #else
            Darwin.read(descriptor, buffer, count)
        #endif
    }

    private static func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes, count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes, count)
        #else
            Darwin.write(descriptor, bytes, count)
        #endif
    }
}

struct PipeError: Error { var errno: Int32 }
