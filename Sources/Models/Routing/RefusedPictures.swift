import Synchronization

/// Pictures of a conversation that endpoints refused: sent again, each would make every further request fail.
///
/// Which picture of a request was meant no vendor says in a way that can be relied on, so all of it are left out.
public final class RefusedPictures: Sendable {
    private let byModel = Mutex<[String: Set<ImageContent>]>([:])

    public init() {}

    func of(_ model: String) -> Set<ImageContent> { byModel.withLock { $0[model] ?? [] } }

    func refused(_ pictures: [ImageContent], by model: String) {
        byModel.withLock { $0[model, default: []].formUnion(pictures) }
    }
}
