/// What is spoken on a connection that the gateway is handed.
public enum EgressConnectionKind: String, Sendable {
    /// HTTP proxy: `CONNECT` (RFC 9110 section 9.3.6) and absolute-form requests (RFC 9112 section 3.2.2).
    case http
    /// SOCKS version 5 (RFC 1928).
    case socks
}
