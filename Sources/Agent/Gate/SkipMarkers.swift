/// What keeps a test from running or lets it fail, by language.
enum SkipMarkers {
    /// In the code of files that hold tests.
    static func inTests(_ language: SourceLanguage) -> [Needle] { tests[language] ?? [] }

    /// In the text of a line, comments included.
    static let anywhere: [Needle] = ["//go:build ignore", "// +build ignore", "exit 77", "pytestmark=pytest.mark.skip"]

    private static let tests: [SourceLanguage: [Needle]] = [
        .python: [
            "mark.skip", "mark.skipif", "mark.xfail", "pytest.skip(", "pytest.xfail(", "pytest.importorskip(",
            "pytest.exit(",
            "unittest.skip", "@skip", "@skipif", "@skipunless", "@expectedfailure", "unittest.expectedfailure",
            "raise skiptest", "raise unittest.skiptest", "self.skiptest(", "__test__=false", "@nottest", "load_tests(",
            "if false:", "if 0:", "while false:", "if not true:",
        ],
        .script: [
            ".skip(", ".skip.", ".skipif(", "xit(", "xtest(", "xdescribe(", "xcontext(", ".only(", ".only.", "fit(",
            "fdescribe(", ".todo(", ".fails(", ".failing(", ".fixme(", "pending(", "skip:true", "todo:true",
            "if(false)",
            "if(0)",
        ],
        .java: [
            "@disabled", "@ignore", "assumptions.", "assumetrue(", "assumefalse(", "assumethat(", "assumingthat(",
            "@enabledif", "enabled=false", "skipexception(", "if(false)",
        ],
        .kotlin: [
            "@disabled", "@ignore", "assumptions.", "assumetrue(", "assumefalse(", "assumethat(", "@enabledif",
            "enabled=false", "if(false)",
        ],
        .csharp: [
            "[ignore", "[explicit", "skip=", "assert.ignore(", "assert.inconclusive(", "assert.pass(", "skip.if(",
            "if(false)",
        ],
        .rust: [
            "#[ignore", ",ignore", "#[should_panic", "#[cfg(any())]", "#[cfg(false)]", "#![cfg(any())]",
            "#![cfg(false)]",
            "if false{",
        ],
        .go: ["t.skip(", "t.skipf(", "t.skipnow(", "b.skip(", "t().skip(", "if false{"],
        .swift: [
            "xctskip(", "xctskipif(", "xctskipunless(", ".disabled(", ".enabled(if:", "withknownissue",
            "xctexpectfailure",
            "#if false", "if false{",
        ],
        .c: [
            "gtest_skip(", "disabled_", "[.]", "[!shouldfail]", "[!mayfail]", "[.", "[hide]", "unit_test::disabled",
            "disabled()", "qskip(", "qexpect_fail(", "doctest::skip(", "should_fail(", "may_fail(",
            "expected_failures(",
            "test_ignore(", "#if 0", "if(false)", "if(0)", "_skip(", "skip(",
        ],
        .lua: ["pending(", "if false then", "skip("],
        .shell: ["skip", "if false", "skip_all", "startskipping"],
        .ruby: [
            "skip", "xit", "xdescribe", "xcontext", "pending", ":skip", "skip:true", "pending:true", "fit", "if false",
        ],
        .php: ["marktestskipped(", "marktestincomplete(", "@doesnotperformassertions", "if(false)"],
        .perl: ["skip_all", "todo_skip", "skip(", "plan skip", "local $todo", "skip_rest", "if(0)"],
        .elisp: ["(ert-skip", "skip-unless", ":expected-result :failed", "skip-when"],
        .cmake: [
            "disabled true", "disabled on", "will_fail true", "will_fail on", "disabled 1", "will_fail 1",
            "skip_return_code",
            "skip_regular_expression", "pass_regular_expression",
        ],
    ]

    /// Hooks with which a `conftest.py` decides what runs and what a failure is.
    static let conftest: [Needle] = [
        "collect_ignore", "pytest_ignore_collect", "pytest_collection_modifyitems", "pytest_collect_file",
        "pytest_sessionfinish", "pytest_runtest_", "pytest_cmdline_main", "pytest_report_teststatus",
        "pytest_pyfunc_call",
        "pytest_unconfigure", "pytest_deselected", "pytest_make_collect_report", "pytest_runtestloop", "exitstatus",
        "pytest_assertion_pass", "pytest_itemcollected", "pytest_pycollect_",

        "pytest_collection", "pytest_load_initial_conftests",
    ]

    /// What makes a test's failure go unseen, in files that hold tests.
    static func swallowing(_ language: SourceLanguage) -> [Needle] {
        language == .python
            ? ["except:", "except assertionerror", "except exception", "except baseexception", "suppress("] : []
    }

    /// First statements with which a test ends before it tests.
    static func isEarlyEnd(_ code: String) -> Bool {
        [
            "return", "return;", "return nil", "return nil;", "pass", "return true", "return true;", "return Ok(());",
            "return 0",
        ]
        .contains(code)
    }
}

/// What ends a program with success whatever happened.
enum ExitMarkers {
    /// In scripts that checks run, and in recipes.
    static let scripts: [Needle] = [
        "exit 0", "||true", "||:", "||exit 0", "||/bin/true", ";true", "set +e", "exec true", "trap'exit 0'", "||echo",
        "sys.exit(0)", "os._exit(0)", "process.exit(0)", "--passwithnotests", "--exit-zero",
        "--exit-zero-even-if-changed",
        "|| return 0", ".ignore:", "continue-on-error", "2>&1||", "if false", "return 0",
        "make -i", "--ignore-errors",
    ]
    /// In files that hold tests.
    static let tests: [Needle] = [
        "sys.exit(0)", "sys.exit()", "os._exit(0)", "process.exit(0)", "process.exit()", "process.exitcode=0",
        "os.exit(0)",
        "system.exit(0)", "exit(0)", "_exit(0)", "quick_exit(0)", "process::exit(0)", "exit(exit_success)",
        "os.exit(true",
        "exit!(0)", "runtime.halt(0)", "environment.exit(0)", "raise systemexit", "quit()", "(kill-emacs 0)",
    ]
    /// In any code: no program has a use for it but to hide what comes after.
    static let anywhere: [Needle] = ["os._exit(0)", "quick_exit(0)", "runtime.halt(0)", "std::_Exit(0)"]

    /// In code outside of the tests.
    static let testDetection: [Needle] = [
        "pytest_current_test", "'pytest' in sys.modules", "\"pytest\" in sys.modules", "\"unittest\" in sys.modules",
        "'unittest' in sys.modules", "jest_worker_id", "vitest_worker_id", "process.env.vitest",
        "xctestconfigurationfilepath",
        "xctestbundlepath", "testing.testing()", "rust_test_threads", "bats_test_filename",
        "ctest_interactive_debug_mode",
        "gtest_shard_index", "nextest_run_id", "org.junit", "surefire.test.class.path",
    ]
}
