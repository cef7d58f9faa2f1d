import Agent
import AgentProtocol
import Forges
import JSONRPC

/// What sessions that watch a forge after a push have of this service: its forges' clients, and the way to push again.
actor PublicationDesk: PublicationHost {
    typealias Publish = @Sendable (AgentPublish.Params) async throws -> PublishJob.Outcome?

    private let access: GitRemoteAccess
    private let publish: Publish
    /// By the remotes' addresses: sessions on the same one share connections and what the forge said unchanged.
    private var forges: [String: any Forge] = [:]

    private static let mostForges = 256

    /// - Parameter publish: as ``SessionManager/publish(_:client:)`` does it; nil when the service ends.
    init(_ access: GitRemoteAccess, publish: @escaping Publish) {
        self.access = access
        self.publish = publish
    }

    func forge(for publication: Publication) async throws -> any Forge {
        if let known = forges[publication.remote] { return known }
        let (address, rule): (RemoteAddress, RemoteRule)
        do { (address, rule) = try access.resolve(publication.remote) } catch {
            throw PublicationRefused(reason: "\(error)")
        }
        guard let made = try await access.secrets.forge(for: address, rule) else {
            throw PublicationRefused(reason: PublishError.noForge(publication.remote).description)
        }
        // Another session may have been first.
        if let known = forges[publication.remote] {
            await made.shutdown()
            return known
        }
        if forges.count >= Self.mostForges, let (address, old) = forges.first {
            forges[address] = nil
            await old.shutdown()
        }
        forges[publication.remote] = made
        return made
    }

    func publishAgain(_ publication: Publication, session: String) async throws -> Publication {
        let outcome: PublishJob.Outcome?
        do {
            outcome = try await publish(
                AgentPublish.Params(
                    sessionId: session, kind: publication.number == nil ? .branch : .changeRequest,
                    remote: publication.remote, branch: publication.branch))
        } catch let error as PublishError {
            throw PublicationRefused(reason: "\(error)")
        } catch let error as RemoteFailure {
            throw PublicationRefused(reason: "\(error)")
        } catch let error as ResponseError where error.code == .invalidParams {
            throw PublicationRefused(reason: error.message)
        }
        guard let outcome else { throw CancellationError() }
        if let failure = outcome.failure { throw failure }
        if let needed = outcome.result.needsApproval {
            throw PublicationRefused(reason: "it needs an approval: \(needed.joined(separator: ", "))")
        }
        guard let again = outcome.publication else {
            throw PublicationRefused(reason: PublishError.noForge(publication.remote).description)
        }
        return again
    }

    func shutdown() async {
        let all = forges.values
        forges = [:]
        for forge in all { await forge.shutdown() }
    }
}
