import JSON
import Models

/// Reads the members of a request's object, with errors that say where.
struct Fields {
    let json: JSON
    let path: String

    init(_ json: JSON, at path: String) throws(GatewayFailure) {
        guard json.objectValue != nil else { throw .invalid("\(path): must be an object") }
        self.json = json
        self.path = path
    }

    /// A member that is there and not null.
    subscript(key: String) -> JSON? {
        guard let value = json[key], !value.isNull else { return nil }
        return value
    }

    func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func optionalText(_ key: String) throws(GatewayFailure) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.stringValue else { throw .invalid("\(place(key)): must be a string") }
        return text
    }

    func text(_ key: String) throws(GatewayFailure) -> String {
        guard let text = try optionalText(key) else { throw .invalid("\(place(key)): field required") }
        return text
    }

    /// A short text that names something.
    func name(_ key: String) throws(GatewayFailure) -> String {
        let text = try text(key)
        guard !text.isEmpty, text.utf8.count <= ModelGatewayLimits.maximumName else {
            throw .invalid("\(place(key)): must have 1 to \(ModelGatewayLimits.maximumName) bytes")
        }
        return text
    }

    func flag(_ key: String) throws(GatewayFailure) -> Bool {
        guard let value = self[key] else { return false }
        guard let flag = value.boolValue else { throw .invalid("\(place(key)): must be true or false") }
        return flag
    }

    func positive(_ key: String) throws(GatewayFailure) -> Int? {
        guard let value = self[key] else { return nil }
        guard let number = value.intValue, number > 0 else {
            throw .invalid("\(place(key)): must be a whole number above 0")
        }
        return number
    }

    /// A list; empty when it is absent.
    func list(_ key: String, most: Int = ModelGatewayLimits.maximumMessages) throws(GatewayFailure) -> [Fields] {
        guard let value = self[key] else { return [] }
        guard let array = value.arrayValue else { throw .invalid("\(place(key)): must be a list") }
        guard array.count <= most else { throw .invalid("\(place(key)): has more than \(most) entries") }
        var fields: [Fields] = []
        fields.reserveCapacity(array.count)
        for (index, element) in array.enumerated() {
            fields.append(try Fields(element, at: "\(place(key)).\(index)"))
        }
        return fields
    }

    /// What changes the meaning of an answer, and cannot be passed on, is refused: nothing is silently dropped.
    func refuse(_ keys: [String]) throws(GatewayFailure) {
        for key in keys {
            guard let value = self[key] else { continue }
            if value.arrayValue?.isEmpty == true || value.boolValue == false { continue }
            throw .unsupported(place(key))
        }
    }

    /// Which of these there are.
    func present(_ keys: [String]) -> [String] { keys.filter { self[$0] != nil } }

    /// The object in a text of JSON, such as a tool call's arguments.
    static func arguments(_ text: String) -> (JSON, malformed: String?) {
        if text.isEmpty { return ([:], nil) }
        guard let json = try? JSON(parsing: text), json.objectValue != nil else { return ([:], text) }
        return (json, nil)
    }

    /// The picture of a `data:` URL (RFC 2397) in Base64.
    static func image(dataURL: String, at place: String) throws(GatewayFailure) -> ImageContent {
        guard dataURL.hasPrefix("data:") else {
            throw .unsupported("\(place): a picture by its address; send its bytes as a data: URL, which")
        }
        guard let comma = dataURL.firstIndex(of: ","), dataURL[..<comma].hasSuffix(";base64"),
            let image = ImageContent(
                mediaType: String(dataURL[..<comma].dropFirst("data:".count).dropLast(";base64".count)),
                base64: String(dataURL[dataURL.index(after: comma)...]))
        else { throw .invalid("\(place): must be Base64 of a PNG, JPEG, GIF or WebP picture") }
        return image
    }
}
