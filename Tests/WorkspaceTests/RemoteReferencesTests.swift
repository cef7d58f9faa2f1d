import Git
import Testing
import Workspace

@Suite("States of a remote")
struct RemoteReferencesTests {
    private static func id(_ digit: Int) -> String { String(repeating: "\(digit)", count: 40) }

    private static let output = """
        ref: refs/heads/trunk\tHEAD
        \(id(1))\tHEAD
        \(id(1))\trefs/heads/trunk
        \(id(2))\trefs/heads/v1
        \(id(3))\trefs/tags/v1
        \(id(4))\trefs/tags/v2
        \(id(5))\trefs/tags/v2^{}
        \(id(6))\trefs/pull/7/head

        """

    @Test(
        "A branch before a tag, a tag's commit, a full name, the default branch, a commit",
        arguments: [
            (nil, "refs/heads/trunk", 1), ("trunk", "refs/heads/trunk", 1), ("v1", "refs/heads/v1", 2),
            ("refs/tags/v1", "refs/tags/v1", 3), ("v2", "refs/tags/v2", 5), ("refs/pull/7/head", "refs/pull/7/head", 6),
        ] as [(String?, String, Int)])
    func names(ref: String?, name: String, digit: Int) throws {
        let references = try #require(RemoteReferences(parsing: Array(Self.output.utf8)))
        #expect(references.resolve(ref) == .init(name: name, commit: try #require(ObjectID(hex: Self.id(digit)))))
    }

    @Test("A commit by its hash; nothing for a name that is not there, or that git refuses")
    func others() throws {
        let references = try #require(RemoteReferences(parsing: Array(Self.output.utf8)))
        #expect(references.resolve(Self.id(9)) == .init(name: nil, commit: try #require(ObjectID(hex: Self.id(9)))))
        for ref in ["", "none", "refs/heads/none", "--upload-pack=x", "a..b", "refs/heads/../x", "HEAD~1"] {
            #expect(references.resolve(ref) == nil, "\(ref)")
        }
    }

    @Test("A detached HEAD, an empty remote, and what is no list")
    func odd() throws {
        let detached = try #require(RemoteReferences(parsing: Array("\(Self.id(1))\tHEAD\n".utf8)))
        #expect(detached.resolve(nil)?.name == "HEAD")
        #expect(try #require(RemoteReferences(parsing: [])).isEmpty)
        for text in ["<html>", "\(Self.id(1)) HEAD", "12\tHEAD"] {
            #expect(RemoteReferences(parsing: Array(text.utf8)) == nil)
        }
        let hostile = try #require(RemoteReferences(parsing: Array("ref: refs/heads/../x\tHEAD\n".utf8)))
        #expect(hostile.defaultBranch == nil)
    }
}
