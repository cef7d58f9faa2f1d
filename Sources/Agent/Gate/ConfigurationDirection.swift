/// Whether a change of one key of a tool's configuration leaves the tool as strict as it was, or makes it stricter.
///
/// What is not known to is taken for the opposite: a person looks at it.
struct ConfigurationDirection {
    /// With its sections, in any case.
    let key: String
    let removed: [String]
    let added: [String]
    /// The key stood in the file before.
    let existed: Bool

    var isHarmless: Bool {
        if removed.isEmpty, added.isEmpty { return true }
        let parts = key.lowercased().split(separator: ".").map(String.init)
        let leaf = parts.last ?? ""
        if Self.neutral.contains(leaf) { return true }
        if let harmless = byRank(isRule: parts.contains("rules")) { return harmless }
        if parts.contains(where: Self.isLoose) { return added.allSatisfy(Self.isOff) }
        if let harmless = byNumber(leaf) { return harmless }
        if Self.isStrict(leaf) {
            return added.isEmpty ? removed.allSatisfy(Self.isOff) : added.allSatisfy(Self.isOn)
        }
        if leaf == "addopts" {
            return removed.isEmpty
                && added.allSatisfy {
                    ["--strict", "--strict-markers", "--strict-config", "-Werror", "-ra", "-v"].contains($0)
                }
        }
        if Self.widening.contains(leaf) {
            // `-name` takes a check out again.
            return existed && removed.allSatisfy { $0.hasPrefix("-") } && !added.contains { $0.hasPrefix("-") }
        }
        return false
    }

    /// Nothing about strictness.
    private static let neutral: Set<String> = [
        "allowjs", "allowsyntheticdefaultimports", "baseurl", "cache_dir", "cache-dir", "color", "console_output_style",
        "declaration", "declarationmap", "description", "downleveliteration", "emitdeclarationonly", "esmoduleinterop",
        "filename", "generator", "incremental", "inlinesourcemap", "jsx", "jsximportsource", "junit_family", "lib",
        "log_cli",
        "log_cli_level", "markers", "minversion", "module", "moduleresolution", "name", "outdir", "outfile",
        "output-format",
        "paths", "plugin_root", "python_version", "pythonpath", "pythonversion", "pythonplatform", "resolvejsonmodule",
        "rootdir", "show_error_codes", "sourcemap", "sourceroot", "target", "target-version", "tsbuildinfofile",
        "typeroots", "types", "version", "$schema", "timeout", "src", "required-version", "indent", "indent-width",
        "asyncio_mode", "asyncio_default_fixture_loop_scope", "preset", "transform", "modulenamemapper",
        "testenvironment",
    ]

    private static func isLoose(_ part: String) -> Bool {
        [
            "ignore", "exclude", "disable", "omit", "skip", "suppress", "norecurse", "deselect", "allow", "permissive",
            "unsafe",
            "untyped_ok", "passwithnotests", "baseline", "unused_ok", "off", "quarantine", "xfail",
        ].contains { part.contains($0) } && !part.hasPrefix("disallow") && part != "xfail_strict"
            && !part.hasPrefix("warn_")
            && !part.hasPrefix("noallow")
    }

    private static func isStrict(_ leaf: String) -> Bool {
        [
            "strict", "warn_", "warn-", "warnreturn", "warnunused", "disallow", "no_implicit", "noimplicit", "nounused",
            "nofallthrough", "nounchecked", "noproperty", "noerror", "check_", "checkjs", "error", "fail", "deny",
            "forbid",
            "xfail_strict", "exactoptional", "alwaysstrict", "useunknownincatch", "report", "extra_checks", "branch",
            "enable_all", "warningsaserrors", "unused", "forceconsistent", "isolatedmodules",
        ].contains { leaf.hasPrefix($0) }
    }

    private static let widening: Set<String> = [
        "checks", "enable", "enable_error_code", "envlist", "env_list", "extend-select", "extends", "files", "include",
        "linters",
        "packages", "plugins", "python_classes", "python_files", "python_functions", "roots", "select", "testmatch",
        "testpaths", "only_rules", "opt_in_rules", "analyzer_rules", "warningsaserrors",
    ]

    private static func isOn(_ word: String) -> Bool {
        ["true", "yes", "on", "1", "error", "deny", "all"].contains(word.lowercased())
    }
    private static func isOff(_ word: String) -> Bool {
        ["false", "no", "off", "0", "none", "null", "nil"].contains(word.lowercased())
    }

    private static let ranks: [String: Int] = [
        "off": 0, "0": 0, "allow": 0, "none": 0, "ignore": 0, "warn": 1, "1": 1, "warning": 1, "info": 1, "error": 2,
        "2": 2,
        "deny": 2, "forbid": 3, "errors": 2,
    ]

    /// Severities: `"off"` to `"error"`; as numbers only among rules.
    private func byRank(isRule: Bool) -> Bool? {
        guard added.count == 1, let new = Self.ranks[added[0].lowercased()], isRule || Int(added[0]) == nil else {
            return nil
        }
        if removed.isEmpty { return !existed && isRule ? new >= 2 : nil }
        guard removed.count == 1, let old = Self.ranks[removed[0].lowercased()] else { return nil }
        return new >= old
    }

    /// Least coverage may rise, a greatest number of anything may fall.
    private func byNumber(_ leaf: String) -> Bool? {
        guard added.count == 1, removed.count <= 1, let new = Double(added[0]) else { return nil }
        let isLeast = ["fail_under", "fail-under", "min", "branches", "functions", "lines", "statements"].contains {
            leaf == $0 || leaf.hasPrefix($0 + "_") || leaf.hasPrefix($0 + "-")
        }
        let isMost = leaf.hasPrefix("max") || leaf.contains("threshold") || leaf.contains("complexity")
        guard isLeast || isMost else { return nil }
        guard let old = removed.first.flatMap(Double.init) else { return removed.isEmpty && !existed && isLeast }
        return isLeast ? new >= old : new <= old
    }
}
