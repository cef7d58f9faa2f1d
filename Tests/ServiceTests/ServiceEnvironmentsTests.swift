import Environments
import Testing

@testable import Service

@Suite("environments: of the service's file")
struct ServiceEnvironmentsTests {
    private func read(_ yaml: String) throws -> ServiceEnvironments {
        try ServiceFile.parse(Array(yaml.utf8), file: "service.yaml").environments
    }

    @Test("Everything that it can say")
    func all() throws {
        let settings = try read(
            """
            environments:
              default: debian
              store: 5 GiB
              named:
                host: {repositories: false}
                debian: {root: /srv/roots/bookworm}
                alpine: {tarball: /srv/alpine.tar.zst, images: ["alpine:3"], repositories: false}
                node: {oci: "/srv/images/node:22"}
                odd: {oci: "/srv/a:b/c"}
            """)
        #expect(settings.storeBytes == 5 << 30)
        #expect(settings.catalog.standard.name == "debian")
        #expect(settings.catalog.offered.map(\.name) == ["debian", "node", "odd"])
        #expect(
            settings.catalog.definitions == [
                EnvironmentDefinition(name: "host", source: .host, isOffered: false),
                EnvironmentDefinition(name: "debian", source: .directory("/srv/roots/bookworm")),
                EnvironmentDefinition(
                    name: "alpine", source: .archive("/srv/alpine.tar.zst"), images: ["alpine:3"], isOffered: false),
                EnvironmentDefinition(name: "node", source: .image(layout: "/srv/images/node", reference: "22")),
                EnvironmentDefinition(name: "odd", source: .image(layout: "/srv/a:b/c", reference: nil)),
            ])
        #expect(try read("require: []") == ServiceEnvironments())
    }

    @Test(
        "What is misspelt or makes no sense is an error",
        arguments: [
            "{default: missing}", "{named: [a]}", "{named: {a: {}}}", "{named: {a: {root: relative}}}",
            "{named: {a: {root: /}}}", "{named: {a: {root: /x, oci: /y}}}", "{named: {a: {path: /x}}}",
            "{named: {host: {root: /x}}}", "{store: -1}", "{store: many}", "{named: {a: {root: /x, images: x}}}",
            "{nmed: {}}",
        ])
    func errors(text: String) {
        #expect(throws: (any Error).self) { try read("environments: \(text)") }
    }
}
