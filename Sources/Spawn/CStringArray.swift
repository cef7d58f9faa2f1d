#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A NULL-terminated array of C strings that lives as long as this object.
public final class CStringArray {
    private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int

    public init(_ strings: [String]) {
        count = strings.count
        storage = .allocate(capacity: count + 1)
        for (index, text) in strings.enumerated() { storage[index] = UnsafePointer(strdup(text)) }
        storage[count] = nil
    }

    public var pointer: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(storage) }

    deinit {
        for index in 0..<count { free(UnsafeMutablePointer(mutating: storage[index])) }
        storage.deallocate()
    }
}
