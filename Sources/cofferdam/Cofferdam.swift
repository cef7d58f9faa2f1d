import CommandLineTool

/// The client program: `cofferdam lsp`, `run`, `attach` and so on.
@main
struct Cofferdam {
    static func main() async {
        await CommandLineTool.main(Array(CommandLine.arguments.dropFirst()))
    }
}
