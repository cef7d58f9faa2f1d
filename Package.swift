// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Cofferdam target: Swift 6 mode comes with the tools version; warnings are errors.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// A Cofferdam library target. `dependencies` is the row of the module table in ARCHITECTURE.md.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// Without a library, in a place that changes with each start. Only as the Makefile's release build has it: beside
/// `$ORIGIN` as the path of libraries such a program does not start.
let supervisorLinking: [LinkerSetting] =
    Context.environment["COFFERDAM_STATIC_SUPERVISOR"] == nil
    ? [] : [.unsafeFlags(["-static-executable", "-Xclang-linker", "-static-pie"], .when(platforms: [.linux]))]

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "cofferdam",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "cofferdam", targets: ["cofferdam"]),
        .executable(name: "cofferdamd", targets: ["cofferdamd"]),
        .executable(name: "cofferdam-git", targets: ["cofferdam-git"]),
        .executable(name: "cofferdam-supervisor", targets: ["cofferdam-supervisor"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: [
        // Values and protocols
        module("JSON"),
        module("JSONRPC", ["JSON"]),
        module("AgentProtocol", ["JSON", "JSONRPC"]),
        module("Diagnostics", ["AgentProtocol", "JSON"]),
        module("ProjectConfiguration", ["Diagnostics", "JSON", .product(name: "Yams", package: "Yams")]),
        module("Policy", ["JSON"]),

        // Sandbox
        .target(name: "CSpawn"),
        module("Spawn", ["CSpawn"]),
        module("SupervisorProtocol"),
        module("Supervisor", ["SupervisorProtocol", "CSpawn"]),
        module("Sandbox", ["SupervisorProtocol", "CSpawn", "JSON", "Spawn"]),

        // Workspace
        .systemLibrary(name: "Clibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        module("Git", ["Clibgit2", "Secrets", "Spawn"]),
        module("Workspace", ["Git", "JSON", "Policy", crypto]),

        // The helper program that works on users' repositories
        module("GitWorkerProtocol", ["AgentProtocol", "JSONRPC"]),
        module(
            "GitWorker",
            ["Git", "GitWorkerProtocol", "JSONRPC", "ProjectConfiguration", "Sandbox", "Workspace"]),

        // Environments
        .systemLibrary(name: "Clibarchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        module("Environments", ["CSpawn", "Clibarchive", "JSON", "Sandbox", crypto]),

        // The way out of a sandbox
        module("Egress", [nioCore, nioPosix, nioSSL, nioTLS, x509, crypto, asn1]),

        // Service side
        module("Secrets"),
        module("Models", ["JSON", "Secrets", "Spawn", asyncHTTPClient, crypto, nioCore, nioHTTP1, nioPosix]),
        module(
            "Forges",
            ["JSON", "Secrets", asyncHTTPClient, nioCore, nioHTTP1, nioSSL, crypto, cryptoExtras]),
        module("ModelGateway", ["JSON", "Models", crypto, nioCore, nioHTTP1, nioPosix]),
        module("Store", ["AgentProtocol", "JSON", "Secrets", grdb]),
        module(
            "Agent",
            [
                "AgentProtocol", "Diagnostics", "Environments", "Forges", "Git", "JSON", "Models", "Policy",
                "ProjectConfiguration", "Sandbox", "Secrets",
                "Store",
                "Workspace",
            ]),
        module("WebSocket", ["JSONRPC", nioCore, nioHTTP1, nioWebSocket]),
        module(
            "Service",
            [
                "Agent", "AgentProtocol", "Egress", "Environments", "Forges", "Git", "JSON", "JSONRPC", "ModelGateway",
                "Models", "Policy", "ProjectConfiguration", "Sandbox", "Secrets",
                "Store",
                "WebSocket", "Workspace", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL,
            ]),

        // Client side
        module(
            "ServiceClient",
            [
                "AgentProtocol", "CSpawn", "GitWorkerProtocol", "JSON", "JSONRPC", "Spawn", "WebSocket", nioCore,
                nioPosix,
                nioHTTP1, nioWebSocket,
                nioSSL,
            ]),
        module("LanguageServer", ["AgentProtocol", "JSON", "JSONRPC", "ServiceClient"]),
        module(
            "CommandLineTool", ["AgentProtocol", "JSON", "JSONRPC", "LanguageServer", "ServiceClient", argumentParser]),

        // Programs
        .executableTarget(
            name: "cofferdam", dependencies: ["CommandLineTool", "LanguageServer", "ServiceClient", "Spawn"],
            swiftSettings: settings),
        .executableTarget(
            name: "cofferdamd",
            dependencies: [
                "Agent", "Environments", "Models", "Policy", "Sandbox", "Secrets", "Service", "Spawn", argumentParser,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "cofferdam-git", dependencies: ["GitWorker", "JSONRPC"], swiftSettings: settings),
        .executableTarget(
            name: "cofferdam-supervisor", dependencies: ["Supervisor"], swiftSettings: settings,
            linkerSettings: supervisorLinking),

        // Benchmarks; not installed
        .executableTarget(
            name: "cofferdam-benchmarks", dependencies: ["AgentProtocol", "Diagnostics", "JSON", "Models"],
            path: "Tests/Benchmarks/Swift", swiftSettings: settings),

        .executableTarget(
            name: "cofferdam-gateway-benchmark", dependencies: ["Egress", "JSON", nioCore, nioPosix],
            path: "Tests/Benchmarks/Gateway", swiftSettings: settings),

        // Runs in the virtual machine of a test; not installed
        .executableTarget(
            name: "cofferdam-limits-probe", dependencies: ["Sandbox"], path: "Tests/LimitsProbe",
            swiftSettings: settings),

        // Tests
        .target(
            name: "TestSupport",
            dependencies: ["JSON", "JSONRPC", .target(name: "CSpawn", condition: .when(platforms: [.linux]))],
            path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "ArchitectureTests", swiftSettings: settings),
        tests("JSONTests", ["JSON", "TestSupport"]),
        tests("JSONRPCTests", ["JSON", "JSONRPC", "TestSupport"]),
        tests("AgentProtocolTests", ["AgentProtocol", "JSON", "TestSupport"]),
        tests(
            "DiagnosticsTests", ["Diagnostics", "AgentProtocol", "JSON", "TestSupport"],
            exclude: ["Fixtures", "PlantedFaults"]),
        tests("ProjectConfigurationTests", ["ProjectConfiguration", "Diagnostics", "JSON"]),
        tests("PolicyTests", ["Policy", "JSON", "TestSupport"]),
        tests("SandboxTests", ["Sandbox", "Supervisor", "SupervisorProtocol", "CSpawn", "TestSupport"]),
        tests("EnvironmentsTests", ["Environments", "Sandbox", "JSON", "TestSupport", crypto]),
        tests(
            "EgressTests", ["Egress", "JSON", "TestSupport", nioCore, nioEmbedded, nioPosix, nioSSL], exclude: ["Peers"]
        ),
        tests("SecretsTests", ["Secrets"]),
        tests("WorkspaceTests", ["Workspace", "Git", "JSON", "Secrets", "TestSupport"]),
        tests(
            "ModelsTests",
            [
                "Models", "JSON", "Secrets", "TestSupport", asyncHTTPClient, nioCore, nioPosix, nioHTTP1,
            ]),
        tests("ModelGatewayTests", ["ModelGateway", "Models", "JSON", "TestSupport", nioCore, nioPosix]),
        tests(
            "ForgesTests",
            [
                "Forges", "JSON", "Secrets", "TestSupport", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, crypto,
                cryptoExtras,
            ]),
        tests("StoreTests", ["Store", "AgentProtocol", "JSON", "TestSupport", grdb]),
        tests(
            "AgentTests",
            [
                "Agent", "AgentProtocol", "Diagnostics", "Environments", "Forges", "Git", "JSON", "Models", "Policy",
                "ProjectConfiguration",
                "Sandbox",
                "Store", "SupervisorProtocol", "TestSupport", "Workspace",
            ]),
        tests(
            "ServiceTests",
            [
                "Service", "ServiceClient", "Agent", "AgentProtocol", "Egress", "Environments", "JSON", "JSONRPC",
                "Models", "Policy", "ProjectConfiguration", "Sandbox", "Store", "WebSocket", "TestSupport", grdb,
            ]),
        tests(
            "LanguageServerTests",
            ["LanguageServer", "ServiceClient", "AgentProtocol", "Git", "JSON", "JSONRPC", "TestSupport"]),
    ]
)
