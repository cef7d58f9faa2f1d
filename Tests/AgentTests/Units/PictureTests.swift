import AgentProtocol
import JSON
import Models
import TestSupport
import Testing

@testable import Agent

@Suite("Pictures of prompts")
struct PictureTests {
    /// A PNG's head; no more is looked at.
    static func png(_ width: UInt32, _ height: UInt32) -> [UInt8] {
        func bytes(_ number: UInt32) -> [UInt8] {
            (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        }
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + bytes(width)
            + bytes(height) + [8, 6, 0, 0, 0]
    }

    private static let gif: [UInt8] = Array("GIF89a".utf8) + [0x40, 0x01, 0xF0, 0x00, 0]
    /// A comment, fill bytes, a table, then the frame.
    private static let jpeg: [UInt8] =
        [0xFF, 0xD8, 0xFF, 0xFE, 0, 4, 1, 2, 0xFF, 0xFF, 0xC4, 0, 2, 0xFF, 0xC2, 0, 17, 8, 0x00, 0xF0, 0x01, 0x40, 3]
    private static func webP(_ chunk: String, _ rest: [UInt8]) -> [UInt8] {
        Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WEBP\(chunk)".utf8) + [0, 0, 0, 0] + rest
    }
    private static let webPs = [
        webP("VP8X", [0, 0, 0, 0, 0x3F, 1, 0, 0xEF, 0, 0]),
        webP("VP8L", [0x2F, 0x3F, 0xC1, 0x3B, 0]),
        webP("VP8 ", [0, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00]),
    ]

    @Test("Format and size are read of each format's first bytes")
    func headers() {
        let wanted =
            [("image/png", png(320, 240)), ("image/gif", Self.gif), ("image/jpeg", Self.jpeg)]
            + Self.webPs.map { ("image/webp", $0) }
        for (type, bytes) in wanted {
            let header = PictureHeader(bytes)
            #expect(header?.mediaType == type)
            #expect(header?.width == 320)
            #expect(header?.height == 240)
        }
    }

    private func png(_ width: UInt32, _ height: UInt32) -> [UInt8] { Self.png(width, height) }

    @Test("Any bytes are read without a trap; what is cut or empty is no picture")
    func hostile() {
        for whole in [png(3, 4), Self.gif, Self.jpeg] + Self.webPs {
            for length in 0..<(whole.count - 5) { _ = PictureHeader(Array(whole.prefix(length))) }
            #expect(PictureHeader(Array(whole.prefix(7))) == nil)
        }
        #expect(PictureHeader(png(0, 5)) == nil)
        #expect(PictureHeader(Array("no picture, only words".utf8)) == nil)
        var generator = SeededGenerator(seed: 3)
        for start in [[0xFF, 0xD8, 0xFF], Array("RIFF....WEBPVP8".utf8), Array("GIF8".utf8)] as [[UInt8]] {
            for _ in 0..<2000 {
                let rest = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                    [0xFF, 0, 0xC4, UInt8.random(in: 0...255, using: &generator)].randomElement(using: &generator) ?? 0
                }
                _ = PictureHeader(start + rest)
            }
        }
    }

    private func refusal(_ images: [PromptImage]) -> String {
        do {
            _ = try PromptPictures(images)
            return "taken"
        } catch { return error.description }
    }

    @Test("What no vendor takes is refused, and the text says which and why")
    func refusals() {
        func image(_ bytes: [UInt8], _ name: String? = nil) -> PromptImage {
            PromptImage(data: Base64.encode(bytes), name: name)
        }
        let fine = image(png(8000, 1))
        #expect(refusal([fine]) == "taken")
        #expect(refusal([fine, PromptImage(data: "a b", name: "x.png")]) == "image 2 (x.png): `data` is no Base64")
        #expect(refusal([image(Array("text".utf8))]) == "image 1 is no PNG, JPEG, GIF or WebP")
        #expect(
            refusal([image(png(8001, 1), "wide\u{1B}[2J")]).hasPrefix("image 1 (wide[2J) has 29 bytes and 8001 × 1"))
        let large = image(png(1, 1) + [UInt8](repeating: 0, count: PictureLimits.bytes))
        #expect(refusal([large]).contains("more than 3750000 bytes"))
        #expect(refusal([PromptImage](repeating: fine, count: 21)).hasPrefix("21 images"))
        let half = image(png(1, 1) + [UInt8](repeating: 0, count: 3 << 20))
        #expect(refusal([half, half, half, half]).contains("together"))
    }

    @Test("Pictures reach the model before the words they belong to, and the log says that they did")
    func session() async throws {
        let provider = ScriptedProvider([Say.text("one"), Say.text("two")])
        let catalog = ModelCatalog([("m", provider)])
        var options = TestSession.Options(files: ["a": "x"])
        options.models = catalog
        options.images = [PromptImage(data: Base64.encode(png(2, 3)), name: "login.png")]
        let fake = try await FakeSession(options, [])
        _ = try await fake.test.turn()
        let more = PromptImage(data: Base64.encode(png(4, 5)))
        _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "more", images: [more]))
        _ = try await fake.test.turn()
        let first = ImageContent(mediaType: "image/png", data: png(2, 3))
        let begin = provider.requests.first?.messages.first?.content.prefix(2)
        #expect(begin.map(Array.init) == [.text("Image 1, login.png:"), .image(first)])
        let second = ImageContent(mediaType: "image/png", data: png(4, 5))
        #expect(
            provider.requests.last?.messages.last?.content == [.text("Image 1:"), .image(second), .text("more")])
        let told = try fake.test.events().compactMap { event -> [ImageSummary]? in
            switch event {
            case .turnStarted(let event): event.images
            case .promptReceived(let event): event.images
            default: nil
            }
        }
        let summary = ImageSummary(mediaType: "image/png", bytes: 29, width: 4, height: 5)
        #expect(told.map { $0.map(\.words) } == [["login.png (PNG, 2 × 3)"], [summary.words], [summary.words]])
        try await fake.test.finish()
    }

    @Test("What a call had shown is there again after the service was killed")
    func kept() throws {
        let image = ImageContent(mediaType: "image/png", data: png(7, 8))
        let result = ToolResult(callID: "1", text: "logo.png", images: [image])
        let json = try JSONCoder.encode(KeptCall.Result(result))
        #expect(try JSONCoder.decode(KeptCall.Result.self, from: json).result(of: "1") == result)
        let old = try JSONCoder.decode(KeptCall.Result.self, from: ["text": "t", "isError": true])
        #expect(old.result(of: "2") == ToolResult(callID: "2", text: "t", isError: true))
    }

    @Test("A prompt with pictures that nobody could look at is refused with what to do")
    func blind() async throws {
        func routed(_ name: String, reads: Bool) -> RoutedModel {
            RoutedModel(
                NamedModel(
                    name: name, settings: ModelSettings(provider: .replay, model: name),
                    capabilities: ModelCapabilities(images: reads)), provider: ScriptedProvider([Say.text("hi")]))
        }
        let catalog = ModelCatalog(
            [routed("words", reads: false), routed("eyes", reads: true)], roles: [.edit: ["words"], .plan: ["eyes"]])
        #expect(throws: Never.self) { try catalog.checkReadsImages("eyes", for: .edit) }
        #expect(throws: Never.self) { try catalog.checkReadsImages(nil, for: .plan) }
        func refusal(_ choice: String?) -> String {
            do throws(AgentError) {
                try catalog.checkReadsImages(choice, for: .edit)
                return ""
            } catch { return error.description }
        }
        #expect(refusal("words") == "the model `words` cannot look at pictures; name one that can: `eyes`")
        #expect(refusal(nil) == "no model that would be asked can look at pictures; name one that can: `eyes`")
        var options = TestSession.Options(files: ["a": "x"])
        options.models = catalog
        let fake = try await FakeSession(options, [])
        _ = try await fake.test.turn()
        let image = PromptImage(data: Base64.encode(png(4, 5)))
        await #expect(throws: AgentError.self) {
            try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "more", images: [image]))
        }
        try await fake.test.finish()
    }
}
