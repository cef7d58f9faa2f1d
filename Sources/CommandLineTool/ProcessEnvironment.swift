#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The environment of this process.
enum ProcessEnvironment {
    static var all: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }

    /// Where this user's programs keep state: `$XDG_STATE_HOME/cofferdam`, else `~/.local/state/cofferdam`.
    static var stateDirectory: String {
        let variables = all
        if let state = variables["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/cofferdam" }
        return (variables["HOME"] ?? "/tmp") + "/.local/state/cofferdam"
    }
}
