/// One line of defence of a driver's sandboxes, and whether it is up on this machine.
public struct Guard: Sendable, Equatable {
    /// Stable, for `require` lists and for display, such as `system call filter`.
    public var name: String
    public var active: Bool
    /// What it does; where it is not active, how to get it.
    public var advice: String

    public init(name: String, active: Bool, advice: String) {
        self.name = name
        self.active = active
        self.advice = advice
    }
}
