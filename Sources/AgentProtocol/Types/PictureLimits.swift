/// Bounds of one picture: what every vendor takes.
public enum PictureLimits {
    /// Of one picture: 5 MiB of Base64 is the least that a vendor takes (Anthropic; Amazon says 3.75 MB).
    public static let bytes = 3_750_000
    /// Pixels of a side (Anthropic, Amazon).
    public static let side = 8000
    /// Of a name.
    public static let nameCharacters = 120
}
