import Testing

@testable import Forges

@Suite struct RepositoryNameTests {
    @Test(arguments: [
        ("octo/hello", "octo", "hello"), ("/octo/hello.git", "octo", "hello"),
        ("group/sub/deep/app.git/", "group/sub/deep", "app"),
        ("~user/app", "~user", "app"), ("octo/hello.github.io", "octo", "hello.github.io"),
    ])
    func pathsOfCloneAddressesAreRead(path: String, owner: String, name: String) {
        #expect(RepositoryName(path: path) == RepositoryName(owner: owner, name: name))
    }

    @Test(arguments: [
        "", "hello", "/", "octo/", "/hello", "octo//hello", "octo/..", "../hello", "./hello", "octo/he llo", "octo/a?b",
        "octo/a#b", "octo/%2e%2e", "octo/a\nb", "octo/é", "octo\\hello/x", "a@b/c", "octo/.git",
        String(repeating: "a/", count: 40) + "b", "octo/" + String(repeating: "a", count: 300),
    ])
    func pathsThatCouldMeanAnotherPlaceAreRefused(path: String) {
        #expect(RepositoryName(path: path) == nil)
    }

    @Test func aNamePutTogetherByHandIsCheckedToo() {
        #expect(RepositoryName(owner: "octo", name: "hello").isValid)
        #expect(!RepositoryName(owner: "octo/../other", name: "hello").isValid)
        #expect(!RepositoryName(owner: "octo", name: "a/b").isValid)
    }
}
