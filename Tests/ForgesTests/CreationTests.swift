import JSON
import Testing

@testable import Forges

/// Nothing is opened twice, whatever happens on the way.
@Suite struct CreationTests {
    private static let pulls = "/repos/octo/hello/pulls"

    @Test func aNewPullRequestIsOpenedOnce() async throws {
        try await withForge { request, _ in
            request.method == "POST" ? .json(pull(), status: 201) : .json([])
        } _: { forge, stub in
            let change = try await forge.openOrUpdate(request)
            #expect(change.isNew && change.isDraft && change.number == 7 && change.headCommit == commit)
            #expect(stub.calls.count { $0 == "POST \(Self.pulls)" } == 1)
            let sent = try #require(stub.requests.last?.json)
            #expect(sent["draft"] == true && sent["head"] == "work" && sent["base"] == "main")
        }
    }

    @Test func theOpenOneIsUpdated() async throws {
        try await withForge { request, _ in
            request.method == "GET" ? .json([pull(8), pull(7)]) : .json(pull(8, draft: false))
        } _: { forge, stub in
            let change = try await forge.openOrUpdate(request)
            #expect(!change.isNew && !change.isDraft)
            #expect(stub.calls == ["GET \(Self.pulls)", "PATCH \(Self.pulls)/8"])
            #expect(stub.requests.last?.json["draft"] == nil)
        }
    }

    @Test func whatAForgeDidBeforeTheConnectionBrokeIsFound() async throws {
        try await withForge { request, before in
            switch request.call {
            case "POST \(Self.pulls)": .cut
            case "GET \(Self.pulls)": before == 0 ? .json([]) : .json([pull()])
            default: .json(pull())
            }
        } _: { forge, stub in
            let change = try await forge.openOrUpdate(request)
            #expect(change.number == 7)
            #expect(stub.calls.count { $0 == "POST \(Self.pulls)" } == 1)
        }
    }

    @Test func whatAForgeDidNotDoIsTriedAgain() async throws {
        try await withForge { request, before in
            switch request.call {
            case "POST \(Self.pulls)": before == 0 ? .status(502) : .json(pull(), status: 201)
            default: .json([])
            }
        } _: { forge, stub in
            let change = try await forge.openOrUpdate(request)
            #expect(change.isNew)
            #expect(stub.calls == ["GET", "POST", "GET", "POST"].map { "\($0) \(Self.pulls)" })
        }
    }

    @Test func aRaceLostIsAnUpdate() async throws {
        try await withForge { request, before in
            switch request.call {
            case "POST \(Self.pulls)": .json(["message": "A pull request already exists for octo:work."], status: 422)
            case "GET \(Self.pulls)": before < 1 ? .json([]) : .json([pull(9)])
            default: .json(pull(9))
            }
        } _: { forge, stub in
            let change = try await forge.openOrUpdate(request)
            #expect(change.number == 9 && !change.isNew)
            #expect(stub.calls.last == "PATCH \(Self.pulls)/9")
        }
    }

    @Test func aRefusalKeepsTheForgesWords() async throws {
        try await withForge { request, _ in
            request.method == "POST"
                ? .json(["message": "Draft pull requests are not supported in this repository."], status: 422)
                : .json([])
        } _: { forge, _ in
            let error = await #expect(throws: ForgeError.self) { try await forge.openOrUpdate(request) }
            let text = try #require(error).description
            #expect(text.contains("Draft pull requests are not supported in this repository."))
            #expect(text.contains("draft: false"))
        }
    }

    @Test func anotherBranchsPullRequestIsNotTaken() async throws {
        let foreign: JSON = [
            "number": 3, "state": "open", "head": ["ref": "other", "sha": "1"], "base": ["ref": "main"],
        ]
        try await withForge { request, _ in
            request.method == "POST" ? .json(pull(), status: 201) : .json([foreign])
        } _: { forge, _ in
            let change = try await forge.openOrUpdate(request)
            #expect(change.isNew)
        }
    }

    @Test func aReviewerThatMayNotReviewIsTold() async throws {
        var request = request
        request.reviewers = ["ann", "octo/core", "nobody"]
        request.labels = ["agent"]
        try await withForge { asked, _ in
            if asked.path.hasSuffix("/requested_reviewers") {
                return asked.json["reviewers"]?.arrayValue?.contains("nobody") == true
                    ? .json(["message": "Reviews may only be requested from collaborators."], status: 422)
                    : .json(pull(), status: 201)
            }
            if asked.path.hasSuffix("/labels") { return .json([]) }
            return asked.method == "POST" ? .json(pull(), status: 201) : .json([])
        } _: { forge, stub in
            let change = try await forge.openOrUpdate(request)
            #expect(change.notes.count == 1)
            #expect(change.notes.first?.contains("nobody") == true)
            let asked = stub.requests.filter { $0.path.hasSuffix("/requested_reviewers") }.map(\.json)
            #expect(asked.contains(["reviewers": [], "team_reviewers": ["core"]]))
            #expect(stub.requests.contains { $0.path == "/repos/octo/hello/issues/7/labels" })
        }
    }
}
