/// The members of a JSON object in their order. Equality ignores the order.
///
/// Small objects, nearly all there are, are searched in a line, which beats hashing; larger ones carry an index.
/// Keys are compared by their bytes, not under canonical equivalence.
public struct JSONObject: Sendable {
    struct Member: Sendable {
        var key: String
        var value: JSON
    }

    /// Up to this many members, comparing short strings one by one is faster than hashing one.
    static let linearSearchLimit = 16

    var members: [Member] = []
    /// Positions by key; present exactly when there are more than `linearSearchLimit` members.
    private var index: [ExactKey: Int]?

    /// An empty object.
    public init() {}

    /// The given members in order; a repeated key keeps its first place and its last value.
    public init(_ pairs: some Sequence<(String, JSON)>) {
        members.reserveCapacity(pairs.underestimatedCount)
        for (key, value) in pairs { self[key] = value }
    }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }
    /// The values in order.
    public var values: [JSON] { members.map(\.value) }

    /// The value of a key. Setting nil removes the member; a new key goes to the end.
    public subscript(key: String) -> JSON? {
        get { position(of: key).map { members[$0].value } }
        set {
            guard let newValue else {
                removeValue(forKey: key)
                return
            }
            if let position = position(of: key) {
                members[position].value = newValue
            } else {
                append(key, newValue)
            }
        }
    }

    /// Removes a member and returns its value; nil when there is none.
    @discardableResult
    public mutating func removeValue(forKey key: String) -> JSON? {
        guard let position = position(of: key) else { return nil }
        let removed = members.remove(at: position)
        rebuildIndex()
        return removed.value
    }

    /// Adds a member unless the key is there already; tells whether it did.
    mutating func appendIfAbsent(_ key: String, _ value: JSON) -> Bool {
        guard position(of: key) == nil else { return false }
        append(key, value)
        return true
    }

    private mutating func append(_ key: String, _ value: JSON) {
        members.append(Member(key: key, value: value))
        if index != nil {
            index?[ExactKey(text: key)] = members.count - 1
        } else if members.count > Self.linearSearchLimit {
            rebuildIndex()
        }
    }

    private func position(of key: String) -> Int? {
        if let index { return index[ExactKey(text: key)] }
        return members.firstIndex { $0.key.isIdenticalText(to: key) }
    }

    private mutating func rebuildIndex() {
        guard members.count > Self.linearSearchLimit else {
            index = nil
            return
        }
        var rebuilt: [ExactKey: Int] = [:]
        rebuilt.reserveCapacity(members.count)
        for (position, member) in members.enumerated() { rebuilt[ExactKey(text: member.key)] = position }
        index = rebuilt
    }
}

/// A key hashed and compared by its bytes. `String` hashes its normal form, so that a hostile text with thousands of
/// canonically equivalent keys would fall into one bucket.
private struct ExactKey: Sendable, Hashable {
    let text: String

    static func == (lhs: ExactKey, rhs: ExactKey) -> Bool { lhs.text.isIdenticalText(to: rhs.text) }

    func hash(into hasher: inout Hasher) {
        var copy = text
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension JSONObject: Sequence {
    public struct Iterator: IteratorProtocol {
        var base: IndexingIterator<[Member]>

        public mutating func next() -> (key: String, value: JSON)? {
            base.next().map { ($0.key, $0.value) }
        }
    }

    public func makeIterator() -> Iterator { Iterator(base: members.makeIterator()) }
    public var underestimatedCount: Int { members.count }
}

extension JSONObject: Hashable {
    public static func == (lhs: JSONObject, rhs: JSONObject) -> Bool {
        guard lhs.count == rhs.count else { return false }
        return lhs.members.allSatisfy { rhs[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        // Order must not count, so the members' hashes are summed.
        var sum = 0
        for member in members {
            var memberHasher = Hasher()
            memberHasher.combine(member.key)
            memberHasher.combine(member.value)
            sum &+= memberHasher.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
