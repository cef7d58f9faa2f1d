"""Ten broken programs in ten ecosystems: what the model does to each, and where its faults are after every step."""
import dataclasses
import pathlib

from recordings import ANY, call, result, says, text, turn, write


@dataclasses.dataclass
class Step:
    """An edit of the model, and what it reads of the checks after it."""
    path: str
    old: str
    new: str
    told: list


@dataclasses.dataclass
class Scenario:
    name: str
    file: str  # opened in the editor
    prompt: str
    told: list  # what the model reads at first
    steps: list
    states: list  # lines with diagnostics by file: on the untouched tree, then after each step
    source: str
    fixture: str = ""

    @property
    def changed(self) -> list:
        return sorted({step.path for step in self.steps})

    def record(self, path: pathlib.Path) -> pathlib.Path:
        turns, expected = [], [says(*self.told)]
        for number, step in enumerate(self.steps, 1):
            turns.append(turn(expected, text(f"Step {number}."), call(
                f"e{number}", "edit", path=step.path, old_text=step.old, new_text=step.new)))
            expected = [result(f"e{number}", f"Changed {step.path}"), says(*step.told)]
        turns.append(turn(expected, text("Fixed.")))
        return write(path, *turns)


SCENARIOS = [
    Scenario(
        "c", "stats.c", "Fix the program until the test passes", ["stats.c", "undeclared"],
        [Step("stats.c", "return total / count;", "return sum / count;", ["Fixed: 2", "main.c", "expected"]),
         Step("main.c", "atoi(argv[i + 1])\n", "atoi(argv[i + 1]);\n", ["got 'mean 2.00"]),
         Step("stats.c", "return sum / count;", "return (double)sum / count;", ["Check `make test`", "exit code 0"])],
        [{"stats.c": [8, 9]}, {"main.c": [8, 15]}, {}], "gcc", fixture="fixtures/broken-c"),
    Scenario(
        "cpp", "area.cpp", "Make the test pass", ["area.cpp", "heigth"],
        [Step("area.cpp", "heigth", "height", ["test_area.cpp", "expected 3, got 6"]),
         Step("area.cpp", "base * height", "base * height / 2", ["Check `ctest`", "exit code 0"])],
        [{"area.cpp": [5]}, {"test_area.cpp": [19]}, {}], "g++"),
    Scenario(
        "swift", "Sources/Greeter/Greeter.swift", "Make the tests pass", ["cannot find 'nmae' in scope"],
        [Step("Sources/Greeter/Greeter.swift", "\\(nmae)", "\\(name)", ["XCTAssertEqual failed"]),
         Step("Sources/Greeter/Greeter.swift", 'joined(separator: "")', 'joined(separator: " ")',
              ["Check `swift test`", "exit code 0"])],
        [{"Sources/Greeter/Greeter.swift": [10]}, {"Tests/GreeterTests/GreeterTests.swift": [7]}, {}], "swiftc",
        fixture="fixtures/broken-swift"),
    Scenario(
        "rust", "src/lib.rs", "Make the tests pass", ["src/lib.rs", "mismatched types", "E0308"],
        [Step("src/lib.rs", "return 0;", "return 0.0;", ["Check `cargo build`", "Fixed: 1", "tests::medians"]),
         Step("src/lib.rs", "let sorted = values.to_vec();",
              "let mut sorted = values.to_vec();\n    sorted.sort_by(f64::total_cmp);",
              ["Check `cargo test`", "exit code 0"])],
        [{"src/lib.rs": [4]}, {"src/lib.rs": [26]}, {}], "rustc"),
    Scenario(
        "go", "stats.go", "Make the tests pass", ["stats.go", "undefined: valeu"],
        [Step("stats.go", "valeu", "value", ["Fixed: 2", "stats_test.go", "got 3, want 1.5"]),
         Step("stats.go", "return total\n", "return total / float64(len(values))\n",
              ["Check `go test`", "exit code 0"])],
        [{"stats.go": [9, 10]}, {"stats_test.go": [7]}, {}], "go"),
    Scenario(
        "python", "stats.py", "Make the tests pass", ["stats.py", "SyntaxError"],
        [Step("stats.py", "if not values\n", "if not values:\n", ["test_median", "Fixed: 1"]),
         Step("stats.py", "return values[len", "return sorted(values)[len", ["Check `pytest`", "exit code 0"])],
        [{"stats.py": [6]}, {"test_stats.py": [9]}, {}], "pytest"),
    Scenario(
        "typescript", "src/stats.ts", "Make it compile", ["src/stats.ts", "TS2322", "TS2554"],
        [Step("src/stats.ts", 'return "0";', "return 0;", ["Fixed: 1", "Still there: 1", "TS2554"]),
         Step("src/report.ts", "mean(values, 2)", "mean(values)", ["Check `tsc`", "exit code 0"])],
        [{"src/stats.ts": [3], "src/report.ts": [4]}, {"src/report.ts": [4]}, {}], "tsc"),
    Scenario(
        "java", "src/Stats.java", "Make the test pass", ["src/Stats.java", "';' expected"],
        [Step("src/Stats.java", "total += value\n", "total += value;\n", ["Fixed: 1", "cannot find symbol"]),
         Step("src/Stats.java", "valu)", "value)", ["Check `test`", "exit code 0"])],
        [{"src/Stats.java": [9]}, {"src/Stats.java": [18]}, {}], "javac"),
    Scenario(
        "shell", "backup.sh", "Make the checks pass", ["backup.sh", "SC2086", "SC2154"],
        [Step("backup.sh", "basename $1", 'basename "$1"', ["Fixed: 1", "SC2154"]),
         Step("backup.sh", "$nmae", "$name", ["Check `test`", "exit code 0"])],
        [{"backup.sh": [4, 6]}, {"backup.sh": [6]}, {}], "shellcheck"),
    Scenario(
        "lua", "stats.lua", "Make the checks pass", ["stats.lua", "W111"],
        [Step("stats.lua", "totl = total", "total = total", ["Fixed: 1", "spec/stats_spec.lua"]),
         Step("stats.lua", "or total\n", "or total / #values\n", ["Check `busted`", "exit code 0"])],
        [{"stats.lua": [8]}, {"spec/stats_spec.lua": [5]}, {}], "luacheck"),
]
