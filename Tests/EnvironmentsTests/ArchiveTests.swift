import Glibc
import Testing

@testable import Environments

/// Archives as hostile input: each is unpacked beside a folder that must stay as it is.
@Suite("Archives")
struct ArchiveTests {
    private let scratch: Scratch
    private let root: String
    private let outside: String

    init() throws {
        scratch = try Scratch()
        root = try scratch.directory("root")
        outside = try scratch.directory("outside")
        _ = try scratch.file("outside/kept", Array("kept".utf8))
    }

    private func unpack(
        _ layers: [[UInt8]], isLayer: Bool = true,
        limits: ExtractionLimits = ExtractionLimits(bytes: 1 << 20, entries: 100)
    ) throws {
        let writer = try TreeWriter.open(root, archive: "a.tar", limits: limits)
        for layer in layers {
            let file = try scratch.file("a.tar", layer)
            let descriptor = open(file, O_RDONLY)
            defer { close(descriptor) }
            try writer.add(ArchiveReader(descriptor: descriptor, path: "a.tar"), isLayer: isLayer, Cancellation())
        }
    }

    private func unpack(_ fill: (inout TarText) -> Void) throws {
        var tar = TarText()
        fill(&tar)
        try unpack([tar.whole])
    }

    private func expectNothingOutside() {
        #expect(scratch.tree("outside") == ["kept"])
        #expect(scratch.text("outside/kept") == "kept")
        #expect(scratch.status("kept") == nil && scratch.status("escaped") == nil)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var fill: @Sendable (inout TarText, _ outside: String) -> Void
        var testDescription: String { name }
    }

    private static let refused: [Case] = [
        Case(name: "..") { tar, _ in tar.add("../escaped", .file, "x") },
        Case(name: ".. within") { tar, _ in tar.add("a/../../escaped", .file, "x") },
        Case(name: ".. that stays within") { tar, _ in tar.add("a/../b", .file, "x") },
        Case(name: ".. as a whole") { tar, _ in tar.add("..", .directory) },
        Case(name: "absolute") { tar, outside in tar.add("\(outside)/kept", .file, "x") },
        Case(name: "absolute directory") { tar, outside in tar.add("\(outside)/new/", .directory) },
        Case(name: "absolute whiteout") { tar, outside in tar.add("\(outside)/.wh.kept") },
        Case(name: "whiteout of ..") { tar, _ in
            tar.add("a/b", .file, "x")
            tar.add("a/.wh...", .file)
        },
        Case(name: "whiteout of .") { tar, _ in tar.add("a/.wh..", .file) },
        Case(name: "whiteout of nothing") { tar, _ in tar.add("a/.wh.", .file) },
        Case(name: "whiteout of a whiteout") { tar, _ in tar.add(".wh..wh.x", .file) },
        Case(name: "file through a link to outside") { tar, outside in
            tar.add("link", .symbolicLink, link: outside)
            tar.add("link/kept", .file, "x")
        },
        Case(name: "directory through a link to outside") { tar, outside in
            tar.add("link", .symbolicLink, link: outside)
            tar.add("link/new", .directory)
            tar.add("link/new/x", .file, "x")
        },
        Case(name: "file through two links") { tar, outside in
            tar.add("a", .symbolicLink, link: "b")
            tar.add("b", .symbolicLink, link: outside)
            tar.add("a/escaped", .file, "x")
        },
        Case(name: "file through a loop of links") { tar, _ in
            tar.add("a", .symbolicLink, link: "b")
            tar.add("b", .symbolicLink, link: "a")
            tar.add("a/x", .file, "x")
        },
        Case(name: "link through a link to outside") { tar, outside in
            tar.add("link", .symbolicLink, link: outside)
            tar.add("link/l", .symbolicLink, link: "/etc/passwd")
        },
        Case(name: "hard link to outside") { tar, outside in tar.add("h", .hardLink, link: "\(outside)/kept") },
        Case(name: "hard link by ..") { tar, _ in tar.add("h", .hardLink, link: "../outside/kept") },
        Case(name: "hard link through a link") { tar, outside in
            tar.add("link", .symbolicLink, link: outside)
            tar.add("h", .hardLink, link: "link/kept")
        },
        Case(name: "hard link to a directory") { tar, _ in
            tar.add("d", .directory, mode: 0o755)
            tar.add("h", .hardLink, link: "d")
        },
        Case(name: "hard link to what is not there") { tar, _ in tar.add("h", .hardLink, link: "nothing") },
        Case(name: "file in a file") { tar, _ in
            tar.add("f", .file, "x")
            tar.add("f/g", .file, "x")
        },
        Case(name: "name of 256 bytes") { tar, _ in tar.add(String(repeating: "n", count: 256), .file, "x") },
        Case(name: "path of 5,000 bytes") { tar, _ in
            tar.add(String(repeating: "abcdefghi/", count: 500) + "x", .file, "x")
        },
        Case(name: "nested too deeply") { tar, _ in tar.add(String(repeating: "d/", count: 200) + "x", .file, "x") },
        Case(name: "root as a file") { tar, _ in tar.add(".", .file, "x") },
        Case(name: "a name that is no UTF-8") { tar, _ in
            tar.entry("x", .pax, Array("12 path=".utf8) + [0xFF, 0xFE, 0x2F] + [0x0A])
            tar.add("x", .file, "x")
        },
        Case(name: "more bytes than the limit") { tar, _ in
            for index in 0..<3 { tar.add("f\(index)", .file, String(repeating: "x", count: 400 << 10)) }
        },
        Case(name: "more entries than the limit") { tar, _ in for index in 0..<200 { tar.add("f\(index)") } },
    ]

    @Test("Refused, and nothing outside is touched", arguments: refused)
    func refusedArchive(example: Case) throws {
        let outside = outside
        #expect(throws: EnvironmentError.self) { try unpack { example.fill(&$0, outside) } }
        expectNothingOutside()
    }

    @Test("A link at the place of a file is replaced, not followed")
    func replaced() throws {
        let outside = outside
        try unpack { tar in
            tar.add("kept", .symbolicLink, link: "\(outside)/kept")
            tar.add("kept", .file, "new")
            tar.add("d", .symbolicLink, link: outside)
            tar.add("d", .directory, mode: 0o755)
            tar.add("d/kept", .file, "inside")
            tar.add("h", .symbolicLink, link: "\(outside)/kept")
            tar.add("i", .hardLink, link: "h")
            tar.add("i", .file, "of its own")
        }
        expectNothingOutside()
        #expect(scratch.text("root/kept") == "new")
        #expect(scratch.text("root/d/kept") == "inside")
        #expect(scratch.text("root/i") == "of its own")
    }

    @Test("Links within the root are followed, also absolute ones")
    func linksWithin() throws {
        try unpack { tar in
            tar.add("usr/lib", .directory, mode: 0o755)
            tar.add("lib", .symbolicLink, link: "usr/lib")
            tar.add("lib64", .symbolicLink, link: "/usr/lib")
            tar.add("up", .symbolicLink, link: "../../../../usr")
            tar.add("lib/a", .file, "a")
            tar.add("lib64/b", .file, "b")
            tar.add("up/c", .file, "c")
        }
        #expect(scratch.tree("root/usr") == ["c", "lib", "lib/a", "lib/b"])
        expectNothingOutside()
    }

    @Test("Modes: no set-user-id, enterable for the owner, accounts' files readable; no devices, FIFOs")
    func modes() throws {
        try unpack { tar in
            tar.add("su", .file, "x", mode: 0o6755)
            tar.add("t", .directory, mode: 0o1777)
            tar.add("closed", .directory, mode: 0)
            tar.add("closed/x", .file, "x", mode: 0)
            tar.add("shadow", .file, "x", mode: 0o600)
            tar.add("home", .directory, mode: 0o700, owner: 1000)
            tar.add("home/tool", .file, "x", mode: 0o750, owner: 1000)
            tar.add("null", .characterDevice, mode: 0o666)
            tar.add("disk", .blockDevice)
            tar.add("pipe", .fifo)
        }
        func mode(_ name: String) -> mode_t { (scratch.status("root/\(name)")?.st_mode ?? 0) & 0o7777 }
        #expect(mode("su") == 0o755)
        #expect(mode("t") == 0o1777)
        #expect(mode("closed") == 0o700)
        #expect(mode("closed/x") == 0o400)
        #expect(mode("shadow") == 0o600)
        #expect(mode("home") == 0o705)
        #expect(mode("home/tool") == 0o755)
        for name in ["null", "disk", "pipe"] { #expect(scratch.status("root/\(name)") == nil) }
        #expect(scratch.status("root/su")?.st_uid == geteuid())
    }

    @Test("Whiteouts take away what lower layers have; opaque ones all but the layer's own")
    func whiteouts() throws {
        var lower = TarText()
        for name in ["a/x", "a/y", "a/deep/z", "b/x", "c", "o/old", "o/both/old"] { lower.add(name, .file, "low") }
        var upper = TarText()
        upper.add("a/.wh.x")
        upper.add("a/.wh.deep")
        upper.add(".wh.b")
        upper.add("o/new", .file, "up")
        upper.add("o/both/new", .file, "up")
        upper.add("o/.wh..wh..opq")
        upper.add("nothing/.wh.here")
        try unpack([lower.whole, upper.whole])
        #expect(scratch.tree("root") == ["a", "a/y", "c", "o", "o/both", "o/both/new", "o/new"])
    }

    @Test("In a plain archive such names are names")
    func plainNames() throws {
        var tar = TarText()
        tar.add("a", .file, "a")
        tar.add(".wh.a", .file, "b")
        try unpack([tar.whole], isLayer: false)
        #expect(scratch.tree("root") == [".wh.a", "a"])
    }

    @Test("A whiteout follows no link")
    func whiteoutLinks() throws {
        let outside = outside
        try unpack { tar in
            tar.add("link", .symbolicLink, link: outside)
            tar.add("link/.wh.kept")
            tar.add("link/.wh..wh..opq")
            tar.add(".wh.link")
        }
        expectNothingOutside()
        #expect(scratch.tree("root").isEmpty)
    }

    @Test("Broken archives", arguments: ["cut", "noise", "empty", "gzip", "header", "size"])
    func broken(kind: String) throws {
        var tar = TarText()
        tar.add("a", .file, String(repeating: "x", count: 4000))
        var bytes = tar.whole
        switch kind {
        case "cut": bytes = Array(bytes.prefix(2000))
        case "noise": bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }
        case "empty": bytes = []
        case "gzip": bytes = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + [UInt8](repeating: 0xFF, count: 300)
        case "header": bytes[150] ^= 7
        default:
            tar = TarText()
            tar.add("a", .file, "x", size: 900 << 10)
            bytes = tar.whole
        }
        #expect(throws: EnvironmentError.self) {
            try unpack([bytes])
            // An archive of nothing is one; a root is asked for by the store.
            if scratch.tree("root").isEmpty { throw EnvironmentError.brokenArchive(path: "", reason: "") }
        }
    }

    @Test("Compressed ones, and what they grow to is bounded", arguments: ["gzip", "xz", "bzip2", "zstd"])
    func compressed(tool: String) throws {
        guard system("command -v \(tool) >/dev/null") == 0 else { return }
        var tar = TarText()
        tar.add("a", .file, String(repeating: "x", count: 900 << 10))
        let file = try scratch.file("plain.tar", tar.whole)
        try #require(system("\(tool) -c '\(file)' > '\(scratch.path)/packed'") == 0)
        func unpackPacked(_ limit: Int) throws {
            let descriptor = open("\(scratch.path)/packed", O_RDONLY)
            defer { close(descriptor) }
            let writer = try TreeWriter.open(
                root, archive: "packed", limits: ExtractionLimits(bytes: limit, entries: 10))
            try writer.add(ArchiveReader(descriptor: descriptor, path: "packed"), isLayer: false, Cancellation())
        }
        try unpackPacked(1 << 20)
        #expect(scratch.status("root/a")?.st_size == 900 << 10)
        #expect(throws: EnvironmentError.tooLarge(what: "bytes of packed", limit: 1000)) { try unpackPacked(1000) }
    }

    @Test("Cancelled, it ends")
    func cancelled() throws {
        var tar = TarText()
        tar.add("a", .file, "a")
        let file = try scratch.file("a.tar", tar.whole)
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        let cancellation = Cancellation()
        cancellation.cancel()
        let writer = try TreeWriter.open(root, archive: "a.tar", limits: ExtractionLimits())
        #expect(throws: EnvironmentError.self) {
            try writer.add(ArchiveReader(descriptor: descriptor, path: "a.tar"), isLayer: false, cancellation)
        }
        #expect(scratch.tree("root").isEmpty)
    }
}
