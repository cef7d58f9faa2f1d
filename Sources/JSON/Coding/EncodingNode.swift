/// A place in the value under construction. `Codable` hands out containers that are filled later and in any order, so
/// each holds on to its node until the whole is put together.
final class EncodingNode {
    /// What a member or an element is: finished, or a container still being filled.
    enum Slot {
        case value(JSON)
        case node(EncodingNode)

        var json: JSON {
            switch self {
            case .value(let value): value
            case .node(let node): node.json
            }
        }
    }

    enum Content {
        case nothing
        case value(JSON)
        case elements([Slot])
        case members([(key: String, slot: Slot)])
    }

    var content: Content

    init(_ content: Content = .nothing) { self.content = content }

    /// Makes sure that this is an object.
    func becomeObject() {
        if case .members = content { return }
        content = .members([])
    }

    /// Makes sure that this is an array.
    func becomeArray() {
        if case .elements = content { return }
        content = .elements([])
    }

    /// The number of elements of an array.
    var elementCount: Int {
        if case .elements(let slots) = content { slots.count } else { 0 }
    }

    /// Adds an element.
    func append(_ slot: Slot) {
        guard case .elements(var slots) = content else { return }
        content = .nothing  // Leaves `slots` as the only owner.
        slots.append(slot)
        content = .elements(slots)
    }

    /// Sets a member; the last one of a name counts.
    func set(_ key: String, _ slot: Slot) {
        guard case .members(var slots) = content else { return }
        content = .nothing
        slots.append((key, slot))
        content = .members(slots)
    }

    /// The container of a member that is there already.
    func member(_ key: String) -> EncodingNode? {
        guard case .members(let slots) = content,
            case .node(let node)? = slots.last(where: { $0.key == key })?.slot
        else { return nil }
        return node
    }

    /// The finished value.
    var json: JSON {
        switch content {
        case .nothing: .object(JSONObject())
        case .value(let value): value
        case .elements(let slots): .array(slots.map(\.json))
        case .members(let slots): .object(JSONObject(slots.lazy.map { ($0.key, $0.slot.json) }))
        }
    }
}
