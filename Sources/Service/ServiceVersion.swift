/// The version that the service tells its clients.
public enum ServiceVersion {
    public static let current = "0.1.0"
}
