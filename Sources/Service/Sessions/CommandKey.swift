import Models
import Secrets

/// The key of a model that a program prints, such as that of a password store or a cloud's command line.
struct CommandKey: ModelKeySource {
    private let store: CredentialStore
    private static let name = "api_key_command"

    /// - Parameter words: the program's absolute path and its arguments. It runs as the service, without a shell.
    /// - Parameter known: is told the keys that it prints.
    init(_ words: [String], known: KnownSecrets? = nil) {
        store = CredentialStore(
            [Self.name: EgressCredential(placement: .bearer, source: .command(words))], environment: [:],
            known: known)
    }

    func key() async throws -> SecretString { SecretString(try await store.secret(named: Self.name).reveal()) }

    func refused() async { store.forget(Self.name) }
}
