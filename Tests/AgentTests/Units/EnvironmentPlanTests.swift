import Environments
import ProjectConfiguration
import Testing

@testable import Agent

@Suite("Which environment a session gets")
struct EnvironmentPlanTests {
    private func catalog() throws -> EnvironmentCatalog {
        try EnvironmentCatalog(
            [
                .host, EnvironmentDefinition(name: "box", source: .directory("/box"), images: ["box:1"]),
                EnvironmentDefinition(
                    name: "closed", source: .directory("/box"), images: ["closed:1"], isOffered: false),
            ], standard: "host")
    }

    private func plan(_ yaml: String = "", _ container: String? = nil) throws -> EnvironmentPlan {
        let project = try ProjectConfigurationLoader.load(yaml: Array(yaml.utf8), file: ".cofferdam.yaml")
        return try EnvironmentPlan(project: project, catalog: catalog()) {
            try container.map { try DevContainer(jsonc: Array($0.utf8), file: "devcontainer.json") }
        }
    }

    @Test("Without a word it is the service's own, and nothing is set up")
    func standard() throws {
        let plan = try plan()
        #expect(plan.definition == .host && plan.steps.isEmpty && plan.notes.isEmpty && plan.container == nil)
    }

    @Test("By name, by image, by a devcontainer's own word")
    func choices() throws {
        #expect(try plan("sandbox: {environment: box}").definition.name == "box")
        #expect(try plan("", #"{"image": "box:1"}"#).definition.name == "box")
        #expect(try plan("", #"{"customizations": {"cofferdam": {"environment": "box"}}}"#).definition.name == "box")
        #expect(try plan("sandbox: {environment: host}", #"{"image": "box:1"}"#).definition.name == "host")
        #expect(throws: EnvironmentError.self) { try plan("sandbox: {environment: closed}") }
        #expect(throws: EnvironmentError.self) { try plan("sandbox: {environment: missing}") }
    }

    @Test(
        "A devcontainer that cannot be used is set aside and told, or refused where the repository insists",
        arguments: [
            #"{"image": "other:1"}"#, #"{"image": "closed:1"}"#, #"{"build": {"dockerfile": "D"}}"#, "{",
            #"{"image": 1}"#,
            #"{"customizations": {"cofferdam": {"environment": "closed"}}}"#, #"{"dockerComposeFile": ["a"]}"#,
        ])
    func unusable(container: String) throws {
        let plan = try plan("", container)
        #expect(plan.definition == .host && plan.container == nil && plan.notes.count == 1)
        #expect(throws: (any Error).self) { try self.plan("sandbox: {devcontainer: true}", container) }
        #expect(try self.plan("sandbox: {devcontainer: false}", container).notes.isEmpty)
    }

    @Test("A named environment makes an image that is built here usable")
    func builtElsewhere() throws {
        let plan = try plan(
            "sandbox: {environment: box}",
            #"{"build": {}, "postCreateCommand": "x", "features": {}, "forwardPorts": []}"#)
        #expect(plan.definition.name == "box" && plan.steps == [[["/bin/sh", "-c", "x"]]])
        #expect(plan.notes == ["devcontainer.json: features, forwardPorts mean nothing here"])
    }

    @Test(".cofferdam.yaml's steps win")
    func steps() throws {
        let container = #"{"image": "box:1", "postCreateCommand": "theirs", "containerEnv": {"A": "1"}}"#
        #expect(
            try plan("setup: [mine, [also, mine]]", container).steps == [
                [["/bin/sh", "-c", "mine"]], [["also", "mine"]],
            ])
        #expect(try plan("", container).steps == [[["/bin/sh", "-c", "theirs"]]])
    }
}
