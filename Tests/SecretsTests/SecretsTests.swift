import Testing

@testable import Secrets

@Suite struct KnownSecretsTests {
    private static let key = "canary/key+0123 \"quoted\" ü"

    /// The key as other programs encode it: written by Python's standard library.
    static let written = [
        key,
        #"canary/key+0123 \"quoted\" ü"#,
        "canary%2Fkey%2B0123%20%22quoted%22%20%C3%BC",
        "canary%2fkey%2b0123%20%22quoted%22%20%c3%bc",
        "63616e6172792f6b65792b30313233202271756f7465642220c3bc",
    ]

    @Test(arguments: written) func aSecretIsFound(form: String) {
        let known = KnownSecrets([SecretString(Self.key)])
        #expect(known.redact("before \(form) after") == "before <redacted> after")
        #expect(known.redact("\(form)\(form)") == "<redacted><redacted>")
    }

    /// base64 of `user:` + key, `us:` + key, `u:` + key and the key alone.
    @Test(arguments: [
        "dXNlcjpjYW5hcnkva2V5KzAxMjMgInF1b3RlZCIgw7w=", "dXM6Y2FuYXJ5L2tleSswMTIzICJxdW90ZWQiIMO8",
        "dTpjYW5hcnkva2V5KzAxMjMgInF1b3RlZCIgw7w=", "Y2FuYXJ5L2tleSswMTIzICJxdW90ZWQiIMO8",
    ])
    func base64IsFoundAtEveryOffset(text: String) {
        let clean = KnownSecrets([SecretString(Self.key)]).redact("[\(text)]")
        #expect(clean.contains("<redacted>"))
        // The characters at its ends say a few bits at most.
        #expect(clean.utf8.count <= "[]<redacted>".utf8.count + 8 + 2, "\(clean)")
    }

    @Test func linesOfAPrivateKeyAreFound() {
        let pem = "-----BEGIN X-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nAgEAAoIBAQC7\n-----END X-----\n"
        let known = KnownSecrets([SecretString(pem)])
        #expect(known.redact("> MIIEvQIBADANBgkqhkiG9w0BAQEFAASC <") == "> <redacted> <")
        #expect(known.redact("-----BEGIN X-----") == "-----BEGIN X-----")
    }

    @Test func shortValuesAreNoSecrets() {
        #expect(KnownSecrets([SecretString("none"), SecretString("")]).redact("none of it") == "none of it")
    }

    @Test func aSecretIsForgottenAsOftenAsItWasAdded() {
        let known = KnownSecrets()
        let secret = SecretString("session-token-1")
        known.add([secret, secret])
        known.forget(secret)
        #expect(known.redact("session-token-1") == "<redacted>")
        known.forget(secret)
        known.forget(secret)
        #expect(known.redact("session-token-1") == "session-token-1")
    }

    @Test func theLongerSecretGoesFirst() {
        let known = KnownSecrets([SecretString("secret-one"), SecretString("secret-one-and-more")])
        #expect(known.redact("secret-one-and-more secret-one") == "<redacted> <redacted>")
    }
}

@Suite struct SecretMaskTests {
    private static let text =
        "a secret-value-1 here, secret-value-1secret-value-1 the secret-val of it: secret-value"
    private static let masked = text.replacing("secret-value-1", with: "**************")
    private static let known = KnownSecrets([SecretString("secret-value-1")])

    /// - Returns: what came out for each piece, and at the end.
    private func mask(_ pieces: [[UInt8]], _ known: KnownSecrets? = known) -> String {
        var mask = SecretMask(known)
        var result: [UInt8] = []
        for piece in pieces { result += mask.mask(piece) }
        return String(decoding: result + mask.finish(), as: UTF8.self)
    }

    @Test func nothingShowsWhereverTheStreamIsCut() {
        let bytes = Array(Self.text.utf8)
        for cut in 0...bytes.count {
            #expect(mask([Array(bytes[..<cut]), Array(bytes[cut...])]) == shown(cut, bytes))
        }
        #expect(mask(bytes.map { [$0] }).utf8.count == bytes.count)
        #expect(!mask(bytes.map { [$0] }).contains("et-value-1"))
    }

    /// Of a secret that is cut after less than four bytes, these were given out.
    private func shown(_ cut: Int, _ bytes: [UInt8]) -> String {
        var expected = Array(Self.masked.utf8)
        let secret = Array("secret-value-1".utf8)
        for back in 1...3 where cut - back >= 0 && bytes[(cut - back)...].starts(with: secret) {
            expected.replaceSubrange(cut - back..<cut, with: bytes[cut - back..<cut])
        }
        return String(decoding: expected, as: UTF8.self)
    }

    @Test func onlyABeginningIsHeldBack() {
        var mask = SecretMask(Self.known)
        #expect(mask.mask(Array("prompt> ".utf8)) == Array("prompt> ".utf8))
        #expect(mask.mask(Array("secret".utf8)) == [])
        #expect(mask.mask(Array("ary\n".utf8)) == Array("secretary\n".utf8))
        #expect(mask.finish() == [])
    }

    @Test func aLongerSecretIsWaitedFor() {
        let known = KnownSecrets([SecretString("secret-one"), SecretString("secret-one-and-more")])
        #expect(mask([Array("secret-one".utf8), Array("-and-more!".utf8)], known) == "*******************!")
        #expect(mask([Array("secret-one".utf8), Array("-and".utf8)], known) == "**********-and")
    }

    @Test func withoutSecretsAllGoesThrough() {
        #expect(mask([Array("one".utf8), Array("two".utf8)], nil) == "onetwo")
    }
}
