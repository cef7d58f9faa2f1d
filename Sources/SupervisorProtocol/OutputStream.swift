/// Which output stream of a command.
public enum OutputStream: UInt8, Sendable, Hashable, CaseIterable {
    case stdout = 1
    case stderr = 2
}
