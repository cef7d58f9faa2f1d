import AgentProtocol
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Real outputs of real tools against what was planted in the sources; `PlantedFaults/README.md` says how.
@Suite struct PlantedFaultsTests {
    @Test func theTableIsTrue() throws {
        let rows = try PlantedFaults.rows()
        #expect(rows.count > 20)
        let reference = "\(PlantedFaults.repository)/Protocol/README.md"
        let text = String(decoding: readFile(reference) ?? [], as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix("| parser | tools | runs |") })
        let end = try #require(lines[start...].firstIndex { $0.hasPrefix("| all |") })
        let (together, faults) = PlantedRun.together(try PlantedFaults.runs())
        let table = PlantedFaults.table(rows, together: together)
        if getenv("COFFERDAM_RECORD_TABLE") != nil {
            let changed = (lines[..<start] + table.map { $0[...] } + lines[(end + 1)...]).joined(separator: "\n")
            let file = try #require(fopen(reference, "wb"))
            fputs(changed, file)
            fclose(file)
        } else {
            let isTrue = lines[start...end].elementsEqual(table) { $0 == $1 }
            #expect(isTrue, "`make parsers-table` writes it anew:\n\(table.joined(separator: "\n"))")
        }
        // For who mends a parser.
        if getenv("COFFERDAM_SHOW_FAULTS") != nil { print((rows.flatMap(\.faults) + faults).joined(separator: "\n")) }
    }

    @Test func lineEndsOfWindows() throws {
        for run in try PlantedFaults.runs() {
            let plain = run.parsed()
            let other = run.parsed { bytes in
                bytes.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
            }
            let isSame = plain.diagnostics.map(\.fingerprint) == other.diagnostics.map(\.fingerprint)
            #expect(isSame, "\(run.name)")
        }
    }
}
