/// The modes that git keeps of a file.
public enum FileMode: String, Sendable, Hashable {
    case regular = "100644"
    case executable = "100755"
    case symbolicLink = "120000"
}
