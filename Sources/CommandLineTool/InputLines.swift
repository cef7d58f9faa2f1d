import Dispatch

/// Lines of standard input, read on a thread of their own so that nothing else waits for the user.
actor InputLines {
    static let shared = InputLines()

    private let queue = DispatchQueue(label: "cofferdam.input")

    func next() async -> String? {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: readLine(strippingNewline: true)) }
        }
    }
}
