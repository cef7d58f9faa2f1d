import Testing

@testable import Egress

@Suite struct HostTests {
}
