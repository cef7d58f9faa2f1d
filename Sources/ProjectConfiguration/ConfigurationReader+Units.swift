import JSON

extension ConfigurationReader {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// An amount of bytes: a whole number, or one with a unit such as `512 MiB`.
    public func bytes(_ value: JSON, at path: YAMLPath, within range: ClosedRange<Int>) throws(ConfigurationError)
        -> Int
    {
        guard let amount = Self.amount(value) else {
            throw error(at: path, "\(path) must be a number of bytes or one with KiB, MiB, GiB or TiB, such as `8 GiB`")
        }
        guard range.contains(amount) else {
            throw error(
                at: path, "\(path) must be from \(Self.words(range.lowerBound)) to \(Self.words(range.upperBound))")
        }
        return amount
    }

    /// A number that need not be whole.
    public func number(
        _ value: JSON, at path: YAMLPath, within range: ClosedRange<Double>
    ) throws(ConfigurationError) -> Double {
        guard let number = value.doubleValue ?? value.intValue.map(Double.init), range.contains(number) else {
            throw error(at: path, "\(path) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func amount(_ value: JSON) -> Int? {
        if let bytes = value.intValue { return bytes }
        guard let text = value.stringValue, let unit = units.first(where: { text.hasSuffix($0.suffix) }) else {
            return nil
        }
        let digits = text.dropLast(unit.suffix.count).drop { $0 == " " }
        guard let last = digits.lastIndex(where: { $0 != " " }), let count = Int(digits[...last]), count >= 0 else {
            return nil
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    private static func words(_ bytes: Int) -> String {
        guard let unit = units.last(where: { bytes >= $0.bytes && bytes % $0.bytes == 0 }) else {
            return "\(bytes) bytes"
        }
        return "\(bytes / unit.bytes) \(unit.suffix)"
    }
}
