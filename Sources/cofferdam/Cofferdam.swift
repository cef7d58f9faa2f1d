import CommandLineTool
import Spawn

/// The client program: `cofferdam lsp`, `run`, `attach` and so on.
@main
struct Cofferdam {
    static func main() async {
        // It has the user's keys in its environment, and the service's token.
        ProcessSecrecy.apply()
        await CommandLineTool.main(Array(CommandLine.arguments.dropFirst()))
    }
}
