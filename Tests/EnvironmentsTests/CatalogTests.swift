import Environments
import Testing

@Suite("Catalog")
struct CatalogTests {
    private static let definitions = [
        EnvironmentDefinition.host,
        EnvironmentDefinition(name: "python", source: .directory("/srv/python"), images: ["python:3.12"]),
        EnvironmentDefinition(name: "own", source: .archive("/srv/own.tar"), images: ["own:1"], isOffered: false),
    ]

    @Test("A repository chooses among what is offered only")
    func offered() throws {
        let catalog = try EnvironmentCatalog(Self.definitions, standard: "host")
        #expect(try catalog.environment(named: "python").name == "python")
        #expect(throws: EnvironmentError.unknown(name: "own", offered: ["host", "python"])) {
            try catalog.environment(named: "own")
        }
        #expect(catalog.environment(forImage: "python:3.12")?.name == "python")
        #expect(catalog.environment(forImage: "own:1") == nil)
        #expect(catalog.environment(forImage: "python") == nil)
    }

    @Test("The standard one can always be chosen; it must exist")
    func standard() throws {
        let catalog = try EnvironmentCatalog(Self.definitions, standard: "own")
        #expect(try catalog.environment(named: "own").name == "own")
        #expect(throws: EnvironmentError.self) { try EnvironmentCatalog(Self.definitions, standard: "missing") }
        #expect(EnvironmentCatalog().standard == .host)
    }
}
