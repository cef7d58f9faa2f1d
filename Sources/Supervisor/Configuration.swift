import CSpawn

/// What the command line of `cofferdam-supervisor` says.
struct Configuration {
    /// Where frames come from and go to; the same descriptor for a socket.
    var input: Int32 = 0
    var output: Int32 = 1
    /// The open directory of the journal.
    var journal: Int32
    /// The workspace inside the sandbox.
    var root: String
    /// Limits of every command.
    var limits = cspawn_limits()

    static let usage = """
        usage: cofferdam-supervisor [--fd N] --journal-fd N --root DIRECTORY \
        [--processes N] [--open-files N] [--file-bytes N]
        """

    /// Nil when the arguments make no sense.
    init?(_ arguments: [String]) {
        var journal: Int32?
        var root: String?
        var index = 0
        while index + 1 < arguments.count {
            let value = arguments[index + 1]
            switch arguments[index] {
            case "--fd":
                guard let number = Int32(value), number >= 0 else { return nil }
                input = number
                output = number
            case "--journal-fd":
                guard let number = Int32(value), number >= 0 else { return nil }
                journal = number
            case "--root":
                root = value
            case "--processes", "--open-files", "--file-bytes":
                guard let number = UInt64(value), number > 0 else { return nil }
                switch arguments[index] {
                case "--processes": limits.processes = number
                case "--open-files": limits.open_files = number
                default: limits.file_bytes = number
                }
            default:
                return nil
            }
            index += 2
        }
        guard index == arguments.count, let journal, let root, root.hasPrefix("/") else { return nil }
        self.journal = journal
        self.root = root
    }
}
