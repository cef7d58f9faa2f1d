import SupervisorProtocol

/// A sandbox's journal, read from outside: for when its supervisor is not there any more.
struct JournalFiles: Sendable {
    let directory: String

    init(_ directory: String) {
        self.directory = directory
    }

    /// The exit record of a command; nil when there is none that is whole.
    func record(of id: ExecID) -> ExitRecord? {
        if let bytes = Descriptors.contents(ofFile: "\(directory)/\(id).exit", limit: 16 << 10, followLink: false),
            let record = try? ExitRecord(journalBytes: bytes)
        {
            return record
        }
        let limit = JournalReserve.slots * JournalReserve.slotSize
        let path = directory + "/" + JournalReserve.fileName
        return Descriptors.contents(ofFile: path, limit: limit, followLink: false)
            .flatMap { JournalReserve.record(of: id, in: $0) }
    }
}
