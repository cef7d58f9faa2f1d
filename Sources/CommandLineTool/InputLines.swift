import Dispatch

/// Lines that the user types, read on a thread of their own so that nothing else waits for them. A line that is typed
/// while nobody asks is dropped: it must not answer a question that comes later.
actor InputLines {
    static let shared = InputLines()

    private var waiter: (id: Int, continuation: CheckedContinuation<String?, any Error>)?
    private var count = 0
    private var isReading = false
    private var hasEnded = false

    /// The next line; nil at the end of the input. One caller at a time.
    func next() async throws -> String? {
        if hasEnded { return nil }
        startReading()
        count += 1
        let id = count
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiter = (id, continuation)
                }
            }
        } onCancel: {
            Task { await self.cancel(id) }
        }
    }

    private func cancel(_ id: Int) {
        guard let waiter, waiter.id == id else { return }
        self.waiter = nil
        waiter.continuation.resume(throwing: CancellationError())
    }

    private func deliver(_ line: String?) {
        hasEnded = line == nil
        let waiter = waiter
        self.waiter = nil
        waiter?.continuation.resume(returning: line)
    }

    private func startReading() {
        guard !isReading else { return }
        isReading = true
        DispatchQueue(label: "cofferdam.input").async {
            while let line = readLine(strippingNewline: true) { Task { await self.deliver(line) } }
            Task { await self.deliver(nil) }
        }
    }
}
