/// Tells assertions from other code, and those that always hold from real ones.
struct Assertions {
    let language: SourceLanguage

    func isReal(_ code: String) -> Bool {
        guard !code.isEmpty else { return false }
        let line = Haystack(code)
        guard isAssertion(line) else { return false }
        return !isTrivial(code)
    }

    private static let everywhere: [Needle] = ["assert", "expect", "should", "require", "verify", "ensure"]
    private static let ofC: [Needle] = [
        "assert", "expect_", "check", "require", "tassert", "test_assert", "ck_", "qcompare", "qverify", "abort(",
        "boost_", "cr_", "mu_",
    ]
    private static let ofGo: [Needle] = [
        "t.error", "t.errorf", "t.fatal", "t.fatalf", "t.fail", "t.failnow", "assert", "require", "is.", "cmp.",
    ]
    private static let ofShell: [Needle] = [
        "[", "test", "grep", "diff", "cmp", "assert", "expect", "exit 1", "return 1", "run", "fail", "check",
    ]

    private func isAssertion(_ line: Haystack) -> Bool {
        switch language {
        case .c: line.first(of: Self.ofC) != nil || line.has("xctassert") || line.has("static_assert")
        case .go: line.first(of: Self.ofGo) != nil
        case .shell: line.first(of: Self.ofShell) != nil
        case .swift:
            line.has("xctassert") || line.has("#expect") || line.has("#require") || line.has("xctfail")
                || line.has("xctunwrap") || line.has("issue.record") || line.has("assert") || line.has("expect")
        case .python:
            line.has("assert") || line.has("self.assert") || line.has("pytest.raises") || line.has("pytest.fail")
                || line.has("self.fail") || line.has("expect") || line.has("assert_") || line.has("pytest.warns")
        case .rust: line.has("assert") || line.has("assert_") || line.has("panic!") || line.has("prop_assert")
        case .perl: line.first(of: ["is(", "ok(", "is_deeply(", "like(", "isnt(", "cmp_ok(", "fail("]) != nil
        case .cmake, .make, .other: false
        default:
            line.first(of: Self.everywhere) != nil || line.has("fail(") || line.has("assert_") || line.has("t.equal")
        }
    }

    private static let trivial: Set<String> = [
        "assert", "asserttrue", "assert1", "assertnotfalse", "assertnotnone", "assert(true)", "assert(1)",
        "assert!(true)", "asserttrue(true)", "assertfalse(false)", "self.asserttrue(true)", "self.assertfalse(false)",
        "xctassert(true)", "xctasserttrue(true)", "xctassertfalse(false)", "#expect(true)", "#expect(bool(true))",
        "expect_true(true)", "expect_true(1)", "assert_true(true)", "assert_true(1)", "expect_false(false)",
        "check(true)", "require(true)", "check(1)", "boost_check(true)", "boost_test(true)", "ck_assert(1)",
        "assert.true(true)", "assert.is_true(true)", "assert.istrue(true)", "assert.ok(true)", "assert.true(t,true)",
        "require.true(t,true)", "assert.asserttrue(true)", "expect(true)", "succeed()", "assert_ok(true)", "ok(1)",
        "assert.pass()", "success()", "succeed",
    ]
    private static let trivialStarts = [
        "expect(true).to", "expect(1).tobe(1)", "expect(1).toequal(1)", "expect(true)==", "asserttrue,", "assert1,",
        "asserttrue(true,", "assert(true,", "assert!(true,", "assert.asserttrue(true,", "xctasserttrue(true,",
        "expect(true).tobe", "expect(1).to",
    ]
    private static let trivialEnds = ["ortrue", "||true", "||1", "or1", "ortrue)", "||true)", "||1)", "or1)"]

    /// `assert True`, `expect(1).toBe(1)`, `assert_eq!(x, x)`.
    private func isTrivial(_ code: String) -> Bool {
        var text = ""
        for byte in code.utf8.prefix(4096) where byte != 0x20 && byte != 0x09 && byte != 0x3B {
            text.unicodeScalars.append(Unicode.Scalar(Needle.lowered(byte)))
        }
        while text.hasSuffix("}") { text.removeLast() }
        if Self.trivial.contains(text) || Self.trivialStarts.contains(where: text.hasPrefix)
            || Self.trivialEnds.contains(where: text.hasSuffix)
        {
            return true
        }
        return comparesWithItself(text)
    }

    /// Both sides are the same text: `assert a == a`, `assertEqual(1, 1)`.
    private func comparesWithItself(_ text: String) -> Bool {
        if text.hasPrefix("assert"), !text.hasPrefix("assert_"), let place = text.utf8.firstIndex(of: 0x3D) {
            let rest = text[place...]
            if rest.hasPrefix("==") {
                var left = text[..<place].dropFirst("assert".count)
                var right = rest.dropFirst(2)
                if left.first == "(", right.last == ")" {
                    left = left.dropFirst()
                    right = right.dropLast()
                }
                if !left.isEmpty, left == right { return true }
            }
        }
        guard let open = text.firstIndex(of: "("), text.last == ")" else { return false }
        let head = text[..<open]
        guard head.contains("eq") || head.contains("same") || head.hasSuffix("is") else { return false }
        let parts = text[text.index(after: open)...].dropLast().split(separator: ",", omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0] == parts[1] && !parts[0].isEmpty
    }
}
