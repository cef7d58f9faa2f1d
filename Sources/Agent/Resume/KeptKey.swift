import AgentProtocol
import JSON
import Store

/// Names of what a session keeps beside its events.
enum KeptKey {
    static let start = "start"
    static let frozen = "frozen"
    static let session = "session"
    static let turn = "turn"
    /// The model's answer whose calls run, or whose end is being checked.
    static let response = "response"
    static let checks = "checks"
    /// The check that runs.
    static let check = "check"
    /// Reports of the round of checks that runs.
    static let round = "round"
    /// What a client set for the network.
    static let network = "network"
    /// What is watched after a push.
    static let watch = "watch"

    static func message(_ index: Int) -> String { "message/\(index)" }
    static func prompt(_ number: Int) -> String { "prompt/\(number)" }
    /// A call of the newest answer, by position.
    static func call(_ position: Int) -> String { "call/\(position)" }
    static func exec(_ itemId: String) -> String { "exec/\(itemId)" }
    /// Bytes of each stream of an item's command that are in the log.
    static func output(_ itemId: String) -> String { "output/\(itemId)" }
    static func edit(_ itemId: String) -> String { "edit/\(itemId)" }
    static func approval(_ id: String) -> String { "approval/\(id)" }
    static func baseline(_ check: String) -> String { "baseline/\(check)" }
    static func products(_ batch: Int) -> String { "products/\(batch)" }
    static func touched(_ path: String) -> String { "touched/\(path)" }
    static func background(_ number: Int) -> String { "background/\(number)" }
}

extension KeptChange {
    /// - Throws: `StoreError.writeFailed`: what cannot be written down cannot be kept.
    static func value(_ key: String, _ value: some Encodable) throws -> KeptChange {
        do { return KeptChange(key, try JSONCoder.encode(value).serialized()) } catch {
            throw StoreError.writeFailed(reason: "\(key): \(error)")
        }
    }

    static func gone(_ key: String) -> KeptChange { KeptChange(key, nil) }
}
