import Testing

@testable import Egress

@Suite struct AddressTests {
    @Test(arguments: [
        "8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
        "169.253.255.255", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "2003::1",
        "2001:200::1",
    ])
    func globalAddressesAreUsable(text: String) throws {
        #expect(AddressClass(try #require(IPAddress(text))) == .global)
    }

    @Test(arguments: [
        "10.0.0.1", "127.0.0.1", "127.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "100.127.255.255", "198.18.0.1", "198.19.255.255", "192.0.2.1", "198.51.100.7", "203.0.113.9", "::1", "fc00::1",
        "fdff::1", "2001:db8::1", "3fff::1",
    ])
    func localAddressesNeedARuleForThem(text: String) throws {
        #expect(AddressClass(try #require(IPAddress(text))) == .local)
    }

    @Test(arguments: [
        "169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254",
        "fd20:ce::254", "fe80::1", "febf::1",
    ])
    func metadataNeedsItsExactAddress(text: String) throws {
        #expect(AddressClass(try #require(IPAddress(text))) == .sensitive)
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "192.0.0.1", "192.88.99.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::",
        "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "::8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:808:808::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1",
        "ff02::1", "fec0::1", "100::1", "5f00::1", "4000::1", "2a00::5efe:10.0.0.1", "2a00::200:5efe:7f00:1",
    ])
    func disguisesAndNonHostsAreNever(text: String) throws {
        #expect(AddressClass(try #require(IPAddress(text))) == .unusable)
    }

    @Test(arguments: [
        "1.2.3", "01.2.3.4", "1.2.3.4 ", "1.2.3.4\0", "0x1.2.3.4", "256.1.1.1", "1..2.3", "::g", "1::2::3", ":1",
    ])
    func refusesOtherForms(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: ["1.2.3.4", "::1", "2001:db8::1", "::", "1:2:3:4:5:6:7:8"])
    func writesWhatItReads(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == text)
        #expect(IPAddress(try address.socketAddress(port: 1)) == address)
    }
}
