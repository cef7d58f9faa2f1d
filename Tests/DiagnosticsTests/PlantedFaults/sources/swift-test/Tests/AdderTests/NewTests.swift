import Testing

@testable import Adder

@Suite struct NewTests {
    @Test func adds() {
        #expect(add(1, 2) == 3)  // PLANTED(swift-testing) error adds
    }

    @Test("A name with spaces") func named() throws {
        let text = try #require(word(3))  // PLANTED(swift-testing) error A name with spaces
        #expect(text == "three")
    }

    @Test(arguments: [0, 5]) func zero(value: Int) {
        #expect(add(value, value) == 2 * value, "twice the value")  // PLANTED(swift-testing) error zero
    }

    @Test func throwing() throws {  // PLANTED(swift-testing) error throwing
        struct Broken: Error {}
        throw Broken()
    }

    @Test func known() { withKnownIssue { #expect(add(1, 1) == 2) } }
    @Test func passes() { #expect(add(0, 0) == 0) }
    @Test(.disabled("later")) func later() {}
}
