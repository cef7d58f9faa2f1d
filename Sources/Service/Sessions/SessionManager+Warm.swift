import AgentProtocol
import Sandbox

extension SessionManager {
    /// Makes recent folders ready while nobody works; returns at once.
    func warmUp() {
        guard configuration.warmPool.isOn else { return }
        Task {
            let records = (try? store.sessions(workspaceFolder: nil, before: nil, limit: 100)) ?? []
            var seen: Set<String> = []
            let folders = records.filter { $0.repository == nil }.map(\.workspaceFolder).filter {
                seen.insert($0).inserted
            }
            await warm.refresh(folders) { [weak self] in await self?.isIdle ?? false }
        }
    }

    /// No session works.
    private var isIdle: Bool {
        live.values.allSatisfy { $0.record.state == .idle || $0.record.state == .queued }
    }
}
