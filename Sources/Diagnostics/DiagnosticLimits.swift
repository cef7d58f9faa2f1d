/// Bounds on what an output, which a hostile program may have written, can make the parsers do and keep.
public enum DiagnosticLimits {
    /// Bytes read of each stream; of a longer one the middle is left out, since compilers put what matters first and
    /// test runners last.
    public static let inputBytes = 8 * 1024 * 1024
    /// Lines read of each stream, likewise: many short ones cost more than their bytes.
    public static let inputLines = 400_000
    /// Diagnostics of one output. Nobody mends more in one step, and an editor shows fewer.
    public static let diagnostics = 1000
    /// Leftover text for the model: a few thousand tokens.
    public static let unparsedBytes = 16 * 1024
    /// Bytes of one line that the text parsers look at; minified sources quoted by a tool are longer.
    public static let lineBytes = 16 * 1024
    /// Bytes of one message, expected and actual values of a failed assertion included.
    public static let messageBytes = 4 * 1024
    /// Related places of one diagnostic. A C++ template error names dozens.
    public static let related = 16
    /// Fixes of one diagnostic, and edits of one fix.
    public static let fixes = 8
    /// Bytes of a path: PATH_MAX of Linux.
    public static let pathBytes = 4096
    /// Directories that `make` may have entered at once.
    public static let directoryDepth = 64
    /// Names of tests that are remembered of one output, to tell which are gone.
    public static let tests = 20_000
    /// Frames of a failed test's stack.
    public static let frames = 16
    /// Bytes of an expected or actual value.
    public static let valueBytes = 2 * 1024
    /// Bytes of all report files of one check.
    public static let reportBytes = 32 * 1024 * 1024
    /// Report files of one check; Maven and Gradle write one for each class.
    public static let reports = 2000
    /// Nesting of JSON in an output.
    public static let jsonDepth = 128
    /// How often the bytes of a text may be scanned in search of the end of a JSON or XML document that never ends.
    static let rescans = 4
}
