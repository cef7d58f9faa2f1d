import FoundationEssentials
import JSON
import Secrets
import Synchronization

@testable import Forges

let octo = RepositoryName(owner: "octo", name: "hello")
let commit = "0123456789abcdef0123456789abcdef01234567"

/// Waits that a client asked for, none of which passes.
final class Waits: Sendable {
    private let list = Mutex<[Duration]>([])
    private let time: Mutex<Date>

    init(now: Date = Date(timeIntervalSince1970: 1_800_000_000)) { time = Mutex(now) }

    var all: [Duration] { list.withLock { $0 } }
    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }

    var clock: ForgeClock {
        ForgeClock(
            now: { self.time.withLock { $0 } }, sleep: { wait in self.list.withLock { $0.append(wait) } },
            jitter: { 1 })
    }
}

func settings(
    _ kind: ForgeKind, _ url: String, credential: ForgeCredential = .token(SecretString("planted-token")),
    limits: ForgeLimits = ForgeLimits()
) -> ForgeSettings {
    ForgeSettings(kind: kind, baseURL: url, credential: credential, allowsPlainHTTP: true, limits: limits)
}

/// Runs `body` with a client of `kind` and a server that answers by `answer`.
@discardableResult
func withForge<Result>(
    _ kind: ForgeKind = .github, credential: ForgeCredential = .token(SecretString("planted-token")),
    limits: ForgeLimits = ForgeLimits(), waits: Waits = Waits(), _ answer: @escaping ForgeStub.Answer,
    _ body: (any Forge, ForgeStub) async throws -> Result
) async throws -> Result {
    try await ForgeStub.with(answer) { stub in
        let forge = try Forges.forge(
            settings(kind, stub.url, credential: credential, limits: limits), clock: waits.clock)
        do {
            let result = try await body(forge, stub)
            await forge.shutdown()
            return result
        } catch {
            await forge.shutdown()
            throw error
        }
    }
}

func pull(_ number: Int = 7, state: String = "open", draft: Bool = true) -> JSON {
    [
        "number": .number(JSONNumber(number)), "state": .string(state), "draft": .bool(draft), "merged": false,
        "html_url": "https://github.example/octo/hello/pull/7",
        "head": ["ref": "work", "sha": .string(commit), "repo": ["owner": ["login": "octo"]]], "base": ["ref": "main"],
    ]
}

let request = ChangeRequest(
    repository: octo, sourceBranch: "work", targetBranch: "main", title: "Mend it", body: "It was broken.")
