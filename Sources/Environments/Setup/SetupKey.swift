import JSON

/// The content address of a set-up's result: equal keys, equal layers.
public struct SetupKey: Sendable, Hashable, CustomStringConvertible {
    /// 64 hexadecimal digits.
    public let hex: String

    /// Changes when what a layer is changes.
    private static let version = 1

    /// - Parameters:
    ///   - root: ``PreparedRoot/identity``.
    ///   - steps: in order; the commands of one step run at the same time.
    ///   - workspacePath: tools write it into what they make.
    ///   - layerKind: `LocalDriver.layerKind`.
    ///   - inputs: as ``SetupInputs`` gives them.
    public init(
        environmentName: String, root: String, steps: [[[String]]], environment: [String: String],
        workspacePath: String, userName: String, layerKind: String, inputs: [(path: String, identity: String)]
    ) {
        // As JSON, whose strings have ends: no two different plans give the same bytes.
        func list(_ words: [String]) -> JSON { .array(words.map { .string($0) }) }
        let text = JSON.array([
            list(["\(Self.version)", environmentName, root, workspacePath, userName, layerKind]),
            .array(steps.map { .array($0.map(list)) }),
            .array(environment.sorted { $0.key < $1.key }.map { list([$0.key, $0.value]) }),
            .array(inputs.map { list([$0.path, $0.identity]) }),
        ])
        hex = Digest(of: text.serialized()).hex
    }

    private init(hex: String) {
        self.hex = hex
    }

    /// The key of a layer that holds for one exact tree only.
    public func exact(treeHash: String) -> SetupKey {
        SetupKey(hex: Digest(of: Array("\(hex) \(treeHash)".utf8)).hex)
    }

    public var description: String { hex }
}
