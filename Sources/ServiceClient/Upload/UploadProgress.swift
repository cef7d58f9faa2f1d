/// How far a workspace's upload is.
public struct UploadProgress: Sendable, Equatable {
    /// Bytes that the service has of what is sent.
    public var sent: Int
    /// Bytes that are to be sent; nil while that is being found out.
    public var total: Int?

    public init(sent: Int, total: Int?) {
        self.sent = sent
        self.total = total
    }

    public var isComplete: Bool { sent == total }

    /// For a person.
    public var text: String {
        guard let total else { return "looking at the workspace" }
        func size(_ bytes: Int) -> String {
            bytes < 10 << 20 ? "\((bytes + 1023) >> 10) KiB" : "\((bytes + (1 << 20) - 1) >> 20) MiB"
        }
        return isComplete
            ? "uploaded the workspace (\(size(total)))" : "uploading the workspace: \(size(sent)) of \(size(total))"
    }
}
