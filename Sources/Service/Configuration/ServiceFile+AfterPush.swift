import Agent
import JSON
import ProjectConfiguration

/// `afterPush:` of the ``ServiceFile``: what happens once a session's branch is pushed.
///
/// ```yaml
/// afterPush:
///   repair: {rounds: 3}                                   # default 0
///   comments: {from: [member, owner], authors: [ann]}     # default: comments are shown, and never become prompts
///   interval: {seconds: 15, most: 300}
///   hours: 24
/// afterPush: {watch: false}
/// ```
/// The forge is watched unless that is turned off: it costs no tokens. What does cost some, and pushes again to a branch
/// that others see, happens only where it is asked for.
public struct AfterPushSettings: Sendable, Equatable, ServiceFileSection {
    /// Nil: the forge is not watched.
    public var watch: WatchSettings?

    /// What a forge can say of an author.
    private static let associations = ["owner", "member", "collaborator", "contributor"]
    private static let mostAuthors = 200

    public init(watch: WatchSettings? = WatchSettings()) { self.watch = watch }

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: ["watch", "repair", "comments", "interval", "hours"])
        var settings = WatchSettings()
        if let repair = members["repair"] {
            let members = try reader.object(repair, at: path["repair"], keys: ["rounds"])
            if let rounds = members["rounds"] {
                settings.repairRounds = try reader.integer(rounds, at: path["repair"]["rounds"], within: 0...20)
            }
        }
        if let comments = members["comments"] {
            settings.comments = try Self.comments(comments, at: path["comments"], reader)
        }
        if let interval = members["interval"] {
            let members = try reader.object(interval, at: path["interval"], keys: ["seconds", "most"])
            for (key, member) in [
                ("seconds", \WatchSettings.intervalSeconds), ("most", \WatchSettings.maximumIntervalSeconds),
            ] {
                guard let value = members[key] else { continue }
                settings[keyPath: member] = Double(
                    try reader.integer(value, at: path["interval"][key], within: 1...3600))
            }
        }
        if let hours = members["hours"] {
            settings.timeoutSeconds = Double(try reader.integer(hours, at: path["hours"], within: 1...720) * 3600)
        }
        let isOn = try members["watch"].map { try reader.bool($0, at: path["watch"]) } ?? true
        watch = isOn ? settings : nil
    }

    private static func comments(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> WatchSettings.Comments {
        let members = try reader.object(value, at: path, keys: ["from", "authors", "rounds"])
        var result = WatchSettings.Comments()
        if let from = members["from"] {
            result.from = try reader.array(from, at: path["from"], most: associations.count).enumerated().map {
                let name = try reader.name($1, at: path["from"][$0])
                guard associations.contains(name) else {
                    throw reader.error(
                        at: path["from"][$0], "`\(name)` is none of \(associations.joined(separator: ", "))")
                }
                return name
            }
        }
        if let authors = members["authors"] {
            result.authors = try reader.array(authors, at: path["authors"], most: mostAuthors).enumerated().map {
                try reader.string($1, at: path["authors"][$0], most: 255)
            }
        }
        if let rounds = members["rounds"] {
            result.rounds = try reader.integer(rounds, at: path["rounds"], within: 0...50)
        }
        return result
    }
}
