import Crypto
import CryptoExtras
import FoundationEssentials
import JSON
import Secrets
import Testing

@testable import Forges

@Suite struct GitHubAppTests {
    private static func answer(_ request: ForgeStub.Request, _ before: Int, end: String) -> ForgeStub.Reply {
        switch request.call {
        case "GET /repos/octo/hello/installation": .json(["id": 42])
        case "POST /app/installations/42/access_tokens":
            .json(["token": .string("ghs_minted\(before)"), "expires_at": .string(end)], status: 201)
        default: .json(pull())
        }
    }

    @Test func aTokenIsMintedForTheRepositoryAndKeptUntilShortlyBeforeItsEnd() async throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let waits = Waits(now: Date(timeIntervalSince1970: 1_795_834_800))
        let app = GitHubApp(identifier: "Iv1.abc", privateKey: SecretString(key.pemRepresentation))
        try await withForge(credential: .githubApp(app), waits: waits) { request, before in
            Self.answer(request, before, end: "2026-11-28T04:00:00Z")
        } _: { forge, stub in
            // Many at once mint one.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { _ = try await forge.change(7, in: octo) } }
                try await group.waitForAll()
            }
            let minting = stub.requests.filter { $0.method == "POST" }
            #expect(minting.count == 1)
            #expect(minting.first?.json == ["repositories": ["hello"]])
            let words = try #require(minting.first?.headers.first(name: "authorization")).split(separator: " ")
            #expect(words.first == "Bearer")
            try Self.check(try #require(words.last.map(String.init)), key.publicKey, at: 1_795_834_800)
            #expect(stub.requests.last?.headers.first(name: "authorization") == "Bearer ghs_minted0")
            waits.advance(49 * 60)
            let minted = try await forge.gitCredential(for: octo)
            #expect(minted.password.reveal() == "ghs_minted0")
            waits.advance(2 * 60)
            let credential = try await forge.gitCredential(for: octo)
            #expect(credential.user == "x-access-token" && credential.password.reveal() == "ghs_minted1")
        }
    }

    /// RFC 7515, section 5.2: signature over header and claims as sent.
    private static func check(_ token: String, _ key: _RSA.Signing.PublicKey, at now: Int) throws {
        let parts = token.split(separator: ".")
        try #require(parts.count == 3)
        let signature = _RSA.Signing.RSASignature(rawRepresentation: try decoded(parts[2]))
        let signed = Data("\(parts[0]).\(parts[1])".utf8)
        #expect(key.isValidSignature(signature, for: signed, padding: .insecurePKCS1v1_5))
        #expect(try JSON(parsing: Array(try decoded(parts[0]))) == ["alg": "RS256", "typ": "JWT"])
        let claims = try JSON(parsing: Array(try decoded(parts[1])))
        #expect(claims["iss"] == "Iv1.abc")
        let (begin, end) = (try #require(claims["iat"]?.intValue), try #require(claims["exp"]?.intValue))
        #expect(begin <= now && end > now && end - begin <= 600)
    }

    private static func decoded(_ part: Substring) throws -> Data {
        let text = String(part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        return try #require(Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4)))
    }

    @Test func aKeyThatIsNoneIsRefusedAtOnce() {
        let app = GitHubApp(identifier: "1", privateKey: SecretString("-----BEGIN RSA PRIVATE KEY-----\nplanted\n"))
        let error = #expect(throws: ForgeError.self) {
            try Forges.forge(settings(.github, "https://api.github.com", credential: .githubApp(app)))
        }
        #expect(error.map { !"\($0)".contains("planted") } == true)
    }

    @Test func anAppThatIsNotInstalledIsToldSo() async throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let app = GitHubApp(identifier: "1", privateKey: SecretString(key.pemRepresentation))
        try await withForge(credential: .githubApp(app)) { _, _ in
            .json(["message": "Not Found"], status: 404)
        } _: {
            forge, _ in
            await #expect(throws: ForgeError.notFound("It answered HTTP 404: Not Found")) {
                try await forge.change(7, in: octo)
            }
        }
    }
}
