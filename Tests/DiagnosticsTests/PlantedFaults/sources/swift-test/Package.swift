// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Adder",
    targets: [.target(name: "Adder"), .testTarget(name: "AdderTests", dependencies: ["Adder"])])
