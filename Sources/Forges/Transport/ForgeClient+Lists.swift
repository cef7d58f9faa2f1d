import JSON

/// A list that came in pages.
struct ForgeList: Sendable {
    var entries: [JSON] = []
    /// There were more pages or entries than are read.
    var isTruncated = false
}

extension ForgeClient {
    /// All pages of a list whose pages are numbered: `page` from 1, as with GitHub, GitLab and Gitea.
    /// - Parameters:
    ///   - size: the parameter that gives the number of entries a page, and its value.
    ///   - member: where the list is an object's member.
    ///   - until: ends the reading early when it is true of an entry.
    func pages(
        _ path: String, _ query: [(name: String, value: String)] = [], size: (name: String, value: Int),
        member: String? = nil, in repository: RepositoryName?, limit: Int,
        until isLast: @Sendable (JSON) -> Bool = { _ in false }
    ) async throws -> ForgeList {
        var list = ForgeList()
        for page in 1...limits.maximumPages {
            let parameters = query + [(size.name, String(size.value)), ("page", String(page))]
            let answer = try await send(.get(path, parameters, in: repository))
            let json = try answer.json()
            guard let entries = member.map({ json[$0]?.arrayValue }) ?? json.arrayValue else {
                throw ForgeError.malformedAnswer("There is no list in it.")
            }
            for entry in entries {
                guard list.entries.count < limit else {
                    list.isTruncated = true
                    return list
                }
                list.entries.append(entry)
                if isLast(entry) { return list }
            }
            if !answer.hasNextPage || entries.isEmpty { return list }
        }
        list.isTruncated = true
        return list
    }

    /// Opens something without ever opening two. After a failure that leaves open whether the forge did it, and when it
    /// says that there is one already, it is looked for before it is sent again. The caller has looked before.
    func create<Value: Sendable>(
        find: @Sendable () async throws -> Value?, create: @Sendable () async throws -> Value
    ) async throws -> Value {
        var attempt = 1
        while true {
            do {
                return try await create()
            } catch let error as ForgeError {
                switch error {
                case .conflict, .invalid:
                    if let found = try await find() { return found }
                    throw error
                case .network, .timedOut, .unavailable, .malformedAnswer, .tooLarge:
                    try await pause(afterAttempt: attempt)
                    if let found = try await find() { return found }
                    guard error.isTransient, attempt < limits.maximumAttempts else { throw error }
                    attempt += 1
                case .notConfigured, .unauthorized, .forbidden, .notFound, .rateLimited, .refusedRedirect:
                    throw error
                }
            }
        }
    }
}
