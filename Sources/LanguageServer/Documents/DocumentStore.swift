/// The open documents, found by the client's URI or by path.
struct DocumentStore: Sendable {
    private var byURI: [String: OpenDocument] = [:]
    private var uriByPath: [String: String] = [:]

    /// All, in no order.
    var all: some Sequence<OpenDocument> { byURI.values }

    subscript(uri uri: String) -> OpenDocument? {
        // A client may spell the same file differently from one message to the next.
        byURI[uri] ?? FileURI.path(of: uri).flatMap { self[path: $0] }
    }

    subscript(path path: String) -> OpenDocument? {
        uriByPath[path].flatMap { byURI[$0] }
    }

    /// Opening twice replaces: the newer text counts.
    mutating func open(_ document: OpenDocument) {
        close(uri: document.uri)
        byURI[document.uri] = document
        if let path = document.path { uriByPath[path] = document.uri }
    }

    /// Tells whether there was such a document.
    @discardableResult
    mutating func close(uri: String) -> OpenDocument? {
        guard let document = self[uri: uri] else { return nil }
        byURI[document.uri] = nil
        if let path = document.path { uriByPath[path] = nil }
        return document
    }

    /// Changes a document in place, so that its lines are not copied. False when it is not open.
    mutating func modify(uri: String, _ body: (inout OpenDocument) -> Void) -> Bool {
        let key = byURI[uri] != nil ? uri : FileURI.path(of: uri).flatMap { uriByPath[$0] }
        guard let key, let index = byURI.index(forKey: key) else { return false }
        body(&byURI.values[index])
        return true
    }
}
