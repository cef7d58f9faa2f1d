import Synchronization

/// Opens once; whoever waits goes on then. A test that would wait for ever ends at its time limit.
actor Gate {
    private var isOpen = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func open() {
        isOpen = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    func wait() async {
        if isOpen { return }
        await withCheckedContinuation { waiters.append($0) }
    }
}

/// A value that is known only later than the closure that uses it.
final class Late<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    /// Set it to nil at the end: a closure that holds it is often held by it.
    func set(_ new: Value?) { value.withLock { $0 = new } }
    func get() -> Value? { value.withLock { $0 } }
}

/// Lets nobody go on before so many have come.
actor Rendezvous {
    private let count: Int
    private var arrived = 0
    private let gate = Gate()

    init(_ count: Int) { self.count = count }

    func arrive() async {
        arrived += 1
        if arrived == count { await gate.open() }
        await gate.wait()
    }
}
