import XCTest

@testable import Adder

final class OldTests: XCTestCase {
    func testAdds() {
        XCTAssertEqual(add(1, 2), 3)  // PLANTED(xctest) error testAdds
    }

    func testTwoFaults() throws {
        XCTAssertTrue(add(2, 2) > 3, "too small")  // PLANTED(xctest) error too small
        let text = try XCTUnwrap(word(2))  // PLANTED(xctest) error testTwoFaults
        XCTAssertEqual(text, "two")
    }

    func testPasses() { XCTAssertEqual(add(0, 0), 0) }
    func testSkipped() throws { throw XCTSkip("not here") }
}
