/// What differs between two runs of the same program, put aside so that texts can be compared.
///
/// Durations, dates, times of day, UUIDs, addresses, hexadecimal names (hashes), process numbers, ports of this machine
/// and names right below `/tmp` become words such as `<time>`. Nothing else does: a test that fails elsewhere, another
/// number of tests or another line of a file stay different.
enum VaryingText {
    /// What the report of a check says that did not have to run. Whether it had to depends on sessions before.
    private static let knownCheck = ", known from an earlier session on this tree"

    /// `text` with a word in the place of each such thing. One pass, whatever the text holds.
    static func normalised(_ text: String) -> String {
        let bytes = Array(text.replacing(knownCheck, with: "").utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            let scanner = Scanner(bytes: bytes, start: position)
            if let (end, word) = scanner.found {
                result += Array(word.utf8)
                position = end
                continue
            }
            result.append(bytes[position])
            position += 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    private struct Scanner {
        let bytes: [UInt8]
        let start: Int

        private static let units: Set<String> = [
            "ns", "us", "µs", "μs", "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute",
            "minutes", "h", "hr", "hour", "hours", "milliseconds", "msec",
        ]
        private static let longestUnit = 12
        private static let temporary = Array("/tmp/".utf8)
        private static let hosts = ["127.0.0.1:", "localhost:", "[::1]:"].map { Array($0.utf8) }
        private static let pid = Array("pid".utf8)
        private static let shortestHash = 7

        private func byte(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

        private func isWord(_ byte: UInt8) -> Bool {
            isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
                || byte == UInt8(ascii: "_") || byte >= 0x80
        }

        private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

        private func isHex(_ byte: UInt8) -> Bool {
            isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"))
        }

        /// The end of what varies, if it begins here, and the word for it.
        var found: (Int, String)? {
            let first = byte(start)
            if first == Self.temporary[0] { return temporaryName }
            if start > 0, isWord(byte(start - 1)) { return nil }
            if let end = port { return end }
            if isHex(first) {
                if let end = uuid { return (end, "<id>") }
                if let end = address ?? hash { return (end, "<hash>") }
            }
            if isDigit(first) {
                if let end = date { return (end, "<date>") }
                if let end = clock(start) { return (end, "<clock>") }
                if let end = duration { return (end, "<time>") }
            }
            return process
        }

        private func starts(_ prefix: [UInt8]) -> Bool {
            start + prefix.count <= bytes.count && bytes[start..<start + prefix.count].elementsEqual(prefix)
        }

        private func digits(_ from: Int) -> Int {
            var end = from
            while isDigit(byte(end)) { end += 1 }
            return end
        }

        /// `pattern`: `d` is a digit, `x` a hexadecimal one, anything else itself.
        private func matches(_ pattern: StaticString, _ from: Int) -> Int? {
            pattern.withUTF8Buffer { pattern in
                for (offset, wanted) in pattern.enumerated() {
                    let got = byte(from + offset)
                    switch wanted {
                    case UInt8(ascii: "d"): if !isDigit(got) { return nil }
                    case UInt8(ascii: "x"): if !isHex(got) { return nil }
                    default: if got != wanted { return nil }
                    }
                }
                return from + pattern.count
            }
        }

        private var uuid: Int? {
            guard let end = matches("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", start), !isWord(byte(end)) else {
                return nil
            }
            return end
        }

        private var address: Int? {
            guard byte(start) == UInt8(ascii: "0"), byte(start + 1) == UInt8(ascii: "x") else { return nil }
            var end = start + 2
            while isHex(byte(end)) { end += 1 }
            return end >= start + 6 && !isWord(byte(end)) ? end : nil
        }

        private var hash: Int? {
            var end = start
            var hasDigit = false
            var hasLetter = false
            while isHex(byte(end)) {
                if isDigit(byte(end)) { hasDigit = true } else { hasLetter = true }
                end += 1
            }
            return end - start >= Self.shortestHash && hasDigit && hasLetter && !isWord(byte(end)) ? end : nil
        }

        private var date: Int? {
            guard let day = matches("dddd-dd-dd", start), !isDigit(byte(day)) else { return nil }
            let separator = byte(day)
            guard separator == UInt8(ascii: "T") || separator == UInt8(ascii: " "), let time = clock(day + 1) else {
                return isWord(separator) ? nil : day
            }
            if byte(time) == UInt8(ascii: "Z") { return time + 1 }
            return matches("+dd:dd", time) ?? matches("-dd:dd", time) ?? matches("+dddd", time)
                ?? matches("-dddd", time) ?? matches(" +dddd", time) ?? matches(" -dddd", time) ?? time
        }

        private func clock(_ from: Int) -> Int? {
            // Hours and minutes alone are a line and a column as often as a time.
            guard var end = matches("dd:dd:dd", from) ?? matches("d:dd:dd", from) else { return nil }
            if byte(end) == UInt8(ascii: ".") || byte(end) == UInt8(ascii: ","), isDigit(byte(end + 1)) {
                end = digits(end + 1)
            }
            return isDigit(byte(end)) ? nil : end
        }

        /// Numbers with units, such as `1m 3.5s` in its parts.
        private var duration: Int? {
            var end = start
            while isDigit(byte(end)) {
                var number = digits(end)
                if byte(number) == UInt8(ascii: "."), isDigit(byte(number + 1)) { number = digits(number + 1) }
                let isApart = byte(number) == UInt8(ascii: " ")
                let unitStart = isApart ? number + 1 : number
                var unitEnd = unitStart
                while unitEnd - unitStart <= Self.longestUnit, isWord(byte(unitEnd)), !isDigit(byte(unitEnd)) {
                    unitEnd += 1
                }
                let unit = String(
                    decoding: bytes[min(unitStart, bytes.count)..<min(unitEnd, bytes.count)], as: UTF8.self)
                // `5 m` is a length, `5 h` anything.
                guard Self.units.contains(unit), !isApart || unit.utf8.count > 1 || unit == "s" else { return nil }
                end = unitEnd
            }
            return isWord(byte(end)) ? nil : end
        }

        private var temporaryName: (Int, String)? {
            guard starts(Self.temporary), start == 0 || !isWord(byte(start - 1)) else { return nil }
            var end = start + Self.temporary.count
            while isWord(byte(end)) || byte(end) == UInt8(ascii: ".") || byte(end) == UInt8(ascii: "-") { end += 1 }
            return end > start + Self.temporary.count ? (end, "/tmp/<name>") : nil
        }

        private var port: (Int, String)? {
            guard let host = Self.hosts.first(where: starts) else { return nil }
            let end = digits(start + host.count)
            guard end > start + host.count else { return nil }
            return (end, String(decoding: host, as: UTF8.self) + "<port>")
        }

        private var process: (Int, String)? {
            guard start + 3 < bytes.count,
                zip(bytes[start..<start + 3], Self.pid).allSatisfy({ $0 | 0x20 == $1 })
            else { return nil }
            var number = start + 3
            while number - start < 6, " :=".utf8.contains(byte(number)) { number += 1 }
            let end = digits(number)
            return end > number && number > start + 3 ? (end, "pid <number>") : nil
        }
    }
}
