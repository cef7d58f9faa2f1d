/// What the checks' commands lead to: scripts of the tree, make targets, package scripts.
struct CheckReach {
    private(set) var scripts: Set<String> = []
    private(set) var targets: Set<String> = []
    private(set) var packageScripts: Set<String> = []
    /// Programs by name, without their folders.
    private(set) var programs: Set<String> = []

    /// Scripts that are followed.
    private static let maximumScripts = 64
    /// Names in scripts that are looked up.
    private static let maximumLookups = 2000
    private var lookups = 0
    private static let interpreters: Set<String> = [
        "bash", "dash", "deno", "ksh", "lua", "luajit", "node", "perl", "php", "ruby", "sh", "ts-node", "tsx", "zsh",
        "emacs",
    ]
    private static let vague: Set<String> = ["all", "build", "clean", "default", "install"]

    init(_ input: GateInput) {
        let changed = Dictionary(input.files.map { ($0.path, $0.old) }, uniquingKeysWith: { first, _ in first })
        func old(_ path: String) -> [UInt8]? {
            if let known = changed[path] { return known }
            return input.read(path)
        }
        var waiting: [String] = []
        for command in input.commands {
            add(command) { if old($0) != nil { waiting.append($0) } }
        }
        for name in ["Makefile", "makefile", "GNUmakefile"] {
            guard let bytes = old(name) else { continue }
            let rules = MakeRules(SourceText(bytes, .make), raw: bytes)
            for (target, rule) in rules.rules where targets.contains(target) || TestFiles.isRunner(target) {
                for line in rule.recipe { waiting += runners(named: line.code, in: "", old) }
            }
        }
        while let script = waiting.popLast(), scripts.count < Self.maximumScripts {
            guard scripts.insert(script).inserted, let bytes = old(script) else { continue }
            let folder = script.split(separator: "/").dropLast().joined(separator: "/")
            for line in SourceText(bytes, SourceLanguage(path: script)).lines.prefix(5000) {
                waiting += runners(named: line.code, in: folder, old)
            }
        }
    }

    private mutating func add(_ command: [String], _ script: (String) -> Void) {
        let whole = CheckTools.baseName(command.first ?? "")
        if ["npm", "yarn", "pnpm", "bun"].contains(whole) {
            packageScripts.formUnion(command.dropFirst().filter { !$0.hasPrefix("-") && $0 != "run" })
        }
        let command = CheckTools.unwrapped(command)
        guard let first = command.first else { return }
        let program = CheckTools.baseName(first)
        programs.insert(program)
        script(Self.normal(first))
        if program == "make" || program == "gmake" || program == "bmake" {
            targets.formUnion(
                command.dropFirst().filter { !$0.hasPrefix("-") && !$0.contains("=") && !Self.vague.contains($0) })
        }
        guard Self.interpreters.contains(program) || CheckTools.isPython(program) else { return }
        if let flag = command.firstIndex(where: { $0.hasPrefix("-") && $0.hasSuffix("c") && $0.count <= 4 }),
            flag + 1 < command.count
        {
            for word in Self.words(command[flag + 1]) { script(Self.normal(word)) }
        } else if let operand = command.dropFirst().first(where: { !$0.hasPrefix("-") }) {
            script(Self.normal(operand))
        }
    }

    /// Files of the tree that a line names and that look like they run tests.
    private mutating func runners(named line: String, in folder: String, _ old: (String) -> [UInt8]?) -> [String] {
        guard line.utf8.count <= 4096 else { return [] }
        var found: [String] = []
        for word in Self.words(line).prefix(64) {
            let path = Self.normal(word)
            guard TestFiles.isRunner(CheckTools.baseName(path)), lookups < Self.maximumLookups else { continue }
            lookups += 1
            let places = folder.isEmpty ? [path] : [path, "\(folder)/\(path)"]
            if let place = places.first(where: { old($0) != nil }) { found.append(place) }
        }
        return found
    }

    private static func words(_ line: String) -> [String] {
        line.split { " \t\"'()&|;`<>{}".contains($0) }.map(String.init)
    }

    private static func normal(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
