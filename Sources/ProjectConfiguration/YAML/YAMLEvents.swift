internal import CYaml

/// The events of libyaml, one by one.
///
/// Yams composes whole trees by recursion and compares mapping keys with all aliases followed, so a small hostile file
/// can exhaust the stack or the day; by events depth and number are checked before anything is built.
struct YAMLEvents: ~Copyable {
    enum Event {
        case streamEnd
        case documentStart
        case scalar(YAMLScalar)
        case sequenceStart(anchor: String?, tag: String?)
        case sequenceEnd
        case mappingStart(anchor: String?, tag: String?)
        case mappingEnd
        case alias(String)
        /// Stream start and document end.
        case other
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let isReady: Bool
    private let file: String
    /// Where the last event began.
    private(set) var position = YAMLLocations.Position(line: 1, column: 1)

    /// The bytes must outlive the events.
    init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) {
        self.file = file
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        isReady = yaml_parser_initialize(parser) == 1
        if isReady {
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, bytes.baseAddress ?? Self.noBytes, bytes.count)
        }
    }

    /// libyaml takes no null pointer, not even for an empty text.
    private nonisolated(unsafe) static let noBytes = UnsafePointer(UnsafeMutablePointer<UInt8>.allocate(capacity: 1))

    deinit {
        if isReady { yaml_parser_delete(parser) }
        parser.deallocate()
    }

    mutating func next() throws(ConfigurationError) -> Event {
        var event = yaml_event_t()
        guard isReady, yaml_parser_parse(parser, &event) == 1 else { throw error() }
        defer { yaml_event_delete(&event) }
        position = Self.position(event.start_mark)
        switch event.type {
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_SEQUENCE_START_EVENT:
            return .sequenceStart(
                anchor: Self.text(event.data.sequence_start.anchor), tag: Self.text(event.data.sequence_start.tag))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            return .mappingStart(
                anchor: Self.text(event.data.mapping_start.anchor), tag: Self.text(event.data.mapping_start.tag))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_ALIAS_EVENT: return .alias(Self.text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                YAMLScalar(
                    text: String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                    tag: Self.text(scalar.tag), anchor: Self.text(scalar.anchor)))
        default: return .other
        }
    }

    private func error() -> ConfigurationError {
        let problem = isReady ? parser.pointee.problem.map { String(cString: $0) } : nil
        let position = Self.position(isReady ? parser.pointee.problem_mark : yaml_mark_t())
        return ConfigurationError(
            file: file, line: position.line, column: position.column,
            message: "not YAML: \(problem ?? "it could not be read")")
    }

    private static func position(_ mark: yaml_mark_t) -> YAMLLocations.Position {
        YAMLLocations.Position(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}
