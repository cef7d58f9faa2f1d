import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// Prints the samples of every measurement as one JSON object; `run.py` makes figures of them.
let benchmark = ThroughputBenchmark()
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "diagnostics" {
    guard let parsing = DiagnosticsBenchmark(path: CommandLine.arguments[2]) else {
        benchmark.fail("\(CommandLine.arguments[2]) cannot be read")
    }
    benchmark.print(parsing.run())
    exit(0)
}
if CommandLine.arguments.dropFirst() == ["models"] {
    let results = ModelStream.all.map { stream in
        benchmark.run("read a stream", stream.payload) { stream.read() }
    }
    benchmark.print(["results": .array(results)])
    exit(0)
}
var results: [JSON] = []
for payload in Payload.all {
    let value: JSON
    do { value = try JSON(parsing: payload.bytes) } catch {
        benchmark.fail("the payload \(payload.name) is not valid: \(error)")
    }
    results.append(
        benchmark.run("parse", payload) {
            // The result is looked at, so that nothing can be optimised away.
            (try? JSON(parsing: payload.bytes))?.isNull == false ? 1 : 0
        })
    results.append(benchmark.run("write", payload) { value.serialized().count })
}
let event = Payload.notification
results.append(benchmark.run("parse and decode", event) { (try? decodeEvent(event.bytes)) ?? 0 })
benchmark.print(["results": .array(results)])
