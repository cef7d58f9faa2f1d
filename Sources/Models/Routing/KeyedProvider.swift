import Secrets
import Synchronization

/// Where a key comes from that is not there once and for all.
public protocol ModelKeySource: Sendable {
    /// The key as it now is.
    /// - Throws: why it cannot be had; the text holds no secret.
    func key() async throws -> SecretString
    /// The endpoint refused the key: what was kept of it is not to be given again.
    func refused() async
}

/// A provider whose key is asked for when it is needed, and once more when the endpoint refuses it.
final class KeyedProvider: ModelProvider {
    private let settings: ModelSettings
    private let keys: any ModelKeySource
    private let known: KnownSecrets
    private let made = Mutex<(key: SecretString, provider: any ModelProvider)?>(nil)

    let identifier: String

    /// - Throws: ``ModelError/notConfigured(_:)`` when the settings name no usable model whatever the key.
    init(_ settings: ModelSettings, keys: any ModelKeySource, known: KnownSecrets = KnownSecrets()) throws {
        self.known = known
        var trial = settings
        trial.apiKey = SecretString("-")
        identifier = try ModelProviders.makeOnce(trial, known: known).identifier
        self.settings = settings
        self.keys = keys
    }

    func probe() async throws -> String { try await provider().probe() }

    func shutdown() async { await made.withLock { $0 }?.provider.shutdown() }

    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    do {
                        try await ask(request) { continuation.yield($0) }
                    } catch ModelError.authentication {
                        // Refused before the answer began: nothing was yielded that would be void.
                        await keys.refused()
                        try await ask(request) { continuation.yield($0) }
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func ask(_ request: ModelRequest, _ emit: (ModelEvent) -> Void) async throws {
        for try await event in try await provider().stream(request) { emit(event) }
        try Task.checkCancellation()
    }

    private func provider() async throws -> any ModelProvider {
        let key: SecretString
        do { key = try await keys.key() } catch is CancellationError { throw CancellationError() } catch {
            throw ModelError.notConfigured("Its key cannot be had: \(error)")
        }
        if let made = made.withLock({ $0 }), made.key == key { return made.provider }
        var settings = settings
        settings.apiKey = key
        let fresh = try ModelProviders.makeOnce(settings, known: known)
        // Streams of the former key go on; connections are shared by all providers of this process.
        made.withLock { $0 = (key, fresh) }
        return fresh
    }
}

extension ModelProviders {
    /// A provider whose key comes from `keys`; otherwise as ``make(_:)``.
    /// - Throws: ``ModelError/notConfigured(_:)``
    public static func make(
        _ settings: ModelSettings, keys: any ModelKeySource, known: KnownSecrets = KnownSecrets()
    ) throws -> any ModelProvider {
        RetryingProvider(try KeyedProvider(settings, keys: keys, known: known), policy: settings.retries)
    }

    /// A provider that makes one attempt for each request.
    static func makeOnce(
        _ settings: ModelSettings, known: KnownSecrets = KnownSecrets()
    ) throws -> any ModelProvider {
        let provider = try make(settings, known: known)
        return (provider as? RetryingProvider)?.once ?? provider
    }
}
