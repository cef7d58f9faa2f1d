import NIOHTTP1
import Synchronization

/// Earlier answers by address, for conditional requests (RFC 9110, section 13.1.2): asking again for what did not change
/// costs the forge little, and with GitHub nothing of the request limit.
final class AnswerCache: Sendable {
    private struct Entry {
        var tag: String
        var answer: ForgeAnswer
    }

    private static let maximumEntries = 128
    private static let maximumBytes = 16 << 20
    /// One answer may not push all others out.
    private static let maximumAnswerBytes = 2 << 20

    private struct State {
        var entries: [String: Entry] = [:]
        /// Oldest first.
        var order: [String] = []
        var bytes = 0
    }

    private let state = Mutex(State())

    func tag(for url: String) -> String? {
        state.withLock { $0.entries[url]?.tag }
    }

    func answer(for url: String) -> ForgeAnswer? {
        state.withLock { $0.entries[url]?.answer }
    }

    func keep(_ answer: ForgeAnswer, for url: String) {
        guard let tag = answer.headers.first(name: "etag"), tag.utf8.count <= 500,
            answer.bytes.count <= Self.maximumAnswerBytes
        else { return }
        state.withLock { state in
            if let old = state.entries.removeValue(forKey: url) {
                state.bytes -= old.answer.bytes.count
                state.order.removeAll { $0 == url }
            }
            state.entries[url] = Entry(tag: tag, answer: answer)
            state.order.append(url)
            state.bytes += answer.bytes.count
            while state.order.count > Self.maximumEntries || state.bytes > Self.maximumBytes {
                if let old = state.entries.removeValue(forKey: state.order.removeFirst()) {
                    state.bytes -= old.answer.bytes.count
                }
            }
        }
    }
}
