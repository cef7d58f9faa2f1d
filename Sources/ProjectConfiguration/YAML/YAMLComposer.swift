import JSON

/// Builds the JSON value of a document from its events, counting as it goes.
struct YAMLComposer: ~Copyable {
    private struct Anchored {
        var value: JSON
        var count: Int
        var depth: Int
    }

    private var events: YAMLEvents
    private let file: String
    private var locations = YAMLLocations()
    private var anchors: [String: Anchored] = [:]
    /// Values so far, those behind aliases counted each time.
    private var count = 0

    init(events: consuming YAMLEvents, file: String) {
        self.events = events
        self.file = file
    }

    mutating func document() throws(ConfigurationError) -> (JSON, YAMLLocations) {
        var value: JSON?
        while true {
            let event = try events.next()
            switch event {
            case .other, .documentStart: continue
            case .streamEnd: return (value ?? .null, locations)
            default:
                guard value == nil else { throw error("more than one document") }
                value = try compose(event, at: YAMLPath(), depth: 0).value
            }
        }
    }

    private mutating func compose(
        _ event: YAMLEvents.Event, at path: YAMLPath, depth: Int
    ) throws(ConfigurationError) -> Anchored {
        guard depth < ConfigurationLimits.depth else {
            throw error("more than \(ConfigurationLimits.depth) levels of nesting")
        }
        try add(1)
        locations.record(events.position, of: path)
        let first = count
        var result: Anchored
        let anchor: String?
        switch event {
        case .scalar(let scalar):
            guard let value = scalar.json else {
                throw error(scalar.tag == nil ? "a number that JSON cannot hold" : "a tag that does not fit here")
            }
            (result, anchor) = (Anchored(value: value, count: 1, depth: 1), scalar.anchor)
        case .sequenceStart(let name, let tag):
            try requireTag(tag, "seq")
            anchor = name
            result = try sequence(at: path, depth: depth)
            result.count += count - first
        case .mappingStart(let name, let tag):
            try requireTag(tag, "map")
            anchor = name
            result = try mapping(at: path, depth: depth)
            result.count += count - first
        case .alias(let name):
            // An alias within its own anchor's value finds nothing yet, so no value contains itself.
            guard let target = anchors[name] else { throw error("an alias of the unknown anchor ‘\(name)’") }
            guard depth + target.depth <= ConfigurationLimits.depth else {
                throw error("more than \(ConfigurationLimits.depth) levels of nesting")
            }
            try add(target.count)
            return target
        default:
            throw error("an unexpected end")
        }
        if let anchor { anchors[anchor] = result }
        return result
    }

    /// The elements and the depth; the count is the caller's to complete.
    private mutating func sequence(at path: YAMLPath, depth: Int) throws(ConfigurationError) -> Anchored {
        var elements: [JSON] = []
        var inner = 0
        while true {
            let event = try events.next()
            if case .sequenceEnd = event { return Anchored(value: .array(elements), count: 1, depth: inner + 1) }
            let element = try compose(event, at: path[elements.count], depth: depth + 1)
            elements.append(element.value)
            inner = max(inner, element.depth)
        }
    }

    private mutating func mapping(at path: YAMLPath, depth: Int) throws(ConfigurationError) -> Anchored {
        var members = JSONObject()
        var inner = 0
        while true {
            let event = try events.next()
            let key: String
            switch event {
            case .mappingEnd: return Anchored(value: .object(members), count: 1, depth: inner + 1)
            case .scalar(let scalar): key = scalar.text
            default: throw error("a key that is not a scalar")
            }
            let keyPosition = events.position
            try add(1)
            if key == "<<" { throw error("merge keys (‘<<’) are not supported") }
            guard members[key] == nil else { throw error("the key ‘\(Self.shown(key))’ occurs twice") }
            let place = path[key]
            locations.recordKey(keyPosition, of: place)
            let value = try compose(try events.next(), at: place, depth: depth + 1)
            members[key] = value.value
            inner = max(inner, value.depth)
        }
    }

    private mutating func add(_ number: Int) throws(ConfigurationError) {
        count += number
        guard count <= ConfigurationLimits.values else {
            throw error("more than \(ConfigurationLimits.values) values, aliases followed")
        }
    }

    private func requireTag(_ tag: String?, _ name: String) throws(ConfigurationError) {
        guard let tag, tag != "!", tag != "tag:yaml.org,2002:" + name else { return }
        throw error("a tag that does not fit here")
    }

    private static func shown(_ key: String) -> String { String(key.prefix(64)) }

    private func error(_ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: events.position.line, column: events.position.column, message: message)
    }
}
