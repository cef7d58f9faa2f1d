import Agent
import Models
import Secrets

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `--check-models`: a line for each model, `ok` or `failed`, its name, and what was found.
enum ModelCheck {
    /// - Parameter file: the models file of the command line; nil for the user's, where there is one.
    static func run(file: String?) async {
        let environment = Environment.current
        let usual =
            (environment["XDG_CONFIG_HOME"] ?? (environment["HOME"] ?? "") + "/.config") + "/cofferdam/models.yaml"
        let known = KnownSecrets()
        let models: [RoutedModel]
        do {
            let file = file ?? (access(usual, F_OK) == 0 ? usual : nil)
            models = try ConfiguredModels.load(environment, file: file, known: known).models
        } catch {
            return say("failed", "models", known.redact("\(error)"))
        }
        let found = await withTaskGroup(of: (Int, String, String).self) { group in
            for (index, model) in models.enumerated() {
                group.addTask {
                    do { return (index, "ok", try await model.provider.probe()) } catch {
                        return (index, "failed", known.redact("\(error)"))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }
        }
        for (index, state, text) in found { say(state, models[index].name, text) }
    }

    private static func say(_ state: String, _ name: String, _ text: String) {
        let line = text.split(whereSeparator: { $0.isNewline || $0 == "\t" }).joined(separator: " ")
        print(state, name, line, separator: "\t")
    }
}
