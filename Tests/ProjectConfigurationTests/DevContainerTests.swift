import Testing

@testable import ProjectConfiguration

@Suite("devcontainer.json")
struct DevContainerTests {
    private func read(_ text: String) throws -> DevContainer {
        try DevContainer(jsonc: Array(text.utf8), file: "devcontainer.json")
    }

    @Test("Comments and commas after last members are no part of the text")
    func comments() throws {
        let container = try read(
            """
            // an image
            {
              /* of "Python", */ "image": "mcr.example/python:3.12", // a URL: http://x/*
              "containerEnv": { "A": "a // no comment", "B": "b /* nor this */", },
              "postCreateCommand": [ "pip", "install", "-e", ".", /* all */ ],
              "remoteUser": "dev\\"/*",
            } // end
            """)
        #expect(container.image == "mcr.example/python:3.12")
        #expect(container.variables.map(\.value) == ["a // no comment", "b /* nor this */"])
        #expect(container.steps == [[["pip", "install", "-e", "."]]])
        #expect(container.user == "dev\"/*")
    }

    @Test(
        "What is no JSON is an error with its place",
        arguments: [
            "", "{", "{,}", "[1,,2]", "{\"a\": 1 /* no end", "{\"a\" 1}", "\"x\"", "{\"image\": 3}", "{\"a\": 1,, }",
            "// only",
        ])
    func errors(text: String) {
        #expect(throws: ConfigurationError.self) { try read(text) }
    }

    @Test("Positions stay the same through comments")
    func positions() {
        #expect {
            try read("{ /* a\n b */\n  \"a\" 1 }")
        } throws: { error in
            (error as? ConfigurationError).map { ($0.line, $0.column) } ?? (0, 0) == (3, 7)
        }
    }

    @Test("Commands: for the shell, as words, several at the same time; in the order of their stages")
    func commands() throws {
        let container = try read(
            """
            {"postCreateCommand": {"server": "npm i", "db": ["pg", "up"]}, "onCreateCommand": "first && second",
             "updateContentCommand": "", "postStartCommand": "x"}
            """)
        #expect(
            container.steps == [
                [["/bin/sh", "-c", "first && second"]], [["/bin/sh", "-c", "npm i"], ["pg", "up"]],
            ])
        #expect(container.unused == ["postStartCommand"])
        #expect(throws: ConfigurationError.self) { try read("{\"postCreateCommand\": {\"a\": {\"b\": \"c\"}}}") }
        #expect(throws: ConfigurationError.self) { try read("{\"postCreateCommand\": [1]}") }
    }

    @Test("remoteEnv wins, and null takes away")
    func variables() throws {
        let container = try read(
            "{\"containerEnv\": {\"A\": \"1\", \"B\": \"2\", \"C\": \"3\"}, \"remoteEnv\": {\"B\": \"4\", \"C\": null}}"
        )
        #expect(container.variables.map(\.name) == ["A", "B"])
        #expect(container.variables.map(\.value) == ["1", "4"])
        #expect(throws: ConfigurationError.self) { try read("{\"containerEnv\": {\"A=B\": \"1\"}}") }
    }

    @Test("What is built or named otherwise is known; what is not used is listed")
    func kinds() throws {
        let container = try read(
            """
            {"name": "x", "build": {"dockerfile": "Dockerfile"}, "forwardPorts": [1], "features": {}, "runArgs": [],
             "customizations": {"cofferdam": {"environment": "python"}, "vscode": {}}}
            """)
        #expect(container.isBuilt && container.image == nil)
        #expect(container.environment == "python")
        #expect(container.unused == ["forwardPorts", "features", "runArgs"])
    }

    @Test("Variables are filled in; the user's environment is not among them")
    func filling() {
        var variables = DevContainerVariables(
            folder: "/home/u/proj", containerFolder: "/workspaces/proj", environment: ["PATH": "/bin"])
        #expect(
            variables.fill("${localWorkspaceFolder}:${containerWorkspaceFolder}") == "/home/u/proj:/workspaces/proj")
        #expect(
            variables.fill("${containerWorkspaceFolderBasename}/${containerEnv:PATH}/${containerEnv:NO:d}")
                == "proj//bin/d")
        #expect(variables.refused.isEmpty)
        #expect(variables.fill("a${localEnv:SECRET}b${localEnv:OTHER:c}") == "abc")
        #expect(variables.refused == ["${localEnv:SECRET}"])
        #expect(variables.fill("${HOME} ${unfinished") == "${HOME} ${unfinished")
    }
}
