import JSON

/// A message after its JSON-RPC envelope has been taken off.
enum Message {
    case request(id: RequestID, method: String, params: JSON?)
    case notification(method: String, params: JSON?)
    case response(id: RequestID, Result<JSON, ResponseError>)
    /// A reply with neither a result nor an error.
    case hollowResponse(id: RequestID)
    /// Not a JSON-RPC message; `id` is null when it cannot be read.
    case invalid(id: RequestID, reason: String)

    /// Sorts a parsed message by JSON-RPC 2.0 sections 4 to 6.
    init(_ json: JSON, requiresVersion: Bool) {
        guard case .object(let object) = json else {
            let isBatch = json.arrayValue != nil
            self = .invalid(
                id: .null,
                reason: isBatch ? "batches are not supported" : "a message is an object, not \(json.kindDescription)")
            return
        }
        guard let id = Self.id(of: object) else {
            self = .invalid(
                id: .null, reason: "an id is a string or a number, not \(object["id"]?.kindDescription ?? "absent")")
            return
        }
        guard let method = object["method"] else {
            self = Self.response(object, id: id)
            return
        }
        self = Self.call(object, method: method, id: id, requiresVersion: requiresVersion)
    }

    /// `.some(nil)` when there is no id, nil when there is one of a forbidden kind.
    private static func id(of object: JSONObject) -> RequestID?? {
        guard let json = object["id"] else { return .some(nil) }
        guard let id = RequestID(json) else { return nil }
        return .some(id)
    }

    private static func call(_ object: JSONObject, method: JSON, id: RequestID?, requiresVersion: Bool) -> Message {
        func invalid(_ reason: String) -> Message { .invalid(id: id ?? .null, reason: reason) }

        let version = object["jsonrpc"]
        if version != "2.0", requiresVersion || version != nil { return invalid("\"jsonrpc\" must be \"2.0\"") }
        guard case .string(let method) = method else { return invalid("\"method\" must be a string") }
        var params = object["params"]
        switch params {
        case .some(.null): params = nil  // Not allowed, but several editors send it.
        case nil, .some(.array), .some(.object): break
        case .some(let other): return invalid("\"params\" must be an object or an array, not \(other.kindDescription)")
        }
        if let id { return .request(id: id, method: method, params: params) }
        return .notification(method: method, params: params)
    }

    private static func response(_ object: JSONObject, id: RequestID?) -> Message {
        guard let id else { return .invalid(id: .null, reason: "the message has no method") }
        // `"error": null` beside a result comes from peers that write all members always.
        if let error = object["error"], !error.isNull { return .response(id: id, .failure(ResponseError(error))) }
        if let result = object["result"] { return .response(id: id, .success(result)) }
        return .hollowResponse(id: id)
    }
}

extension Message {
    /// The bytes of the message. Only for messages of our own making.
    var serialized: [UInt8] {
        var object: JSON = ["jsonrpc": "2.0"]
        switch self {
        case .request(let id, let method, let params):
            object["id"] = id.json
            object["method"] = .string(method)
            object["params"] = params
        case .notification(let method, let params):
            object["method"] = .string(method)
            object["params"] = params
        case .response(let id, .success(let result)):
            object["id"] = id.json
            object["result"] = result
        case .response(let id, .failure(let error)):
            object["id"] = id.json
            object["error"] = error.json
        case .hollowResponse(let id), .invalid(let id, _):
            object["id"] = id.json
        }
        return object.serialized()
    }
}
