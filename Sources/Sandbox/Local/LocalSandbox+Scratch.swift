import SupervisorProtocol

/// Scratch folders lie in `/tmp`: memory of the sandbox, which no snapshot has and which ends with it.
extension LocalSandbox {
    /// Entries that are looked at in one folder.
    private static let mostEntries = 20_000

    func makeScratchFolder() async throws -> String? {
        // Nobody knows the name beforehand, so nobody can have put anything there.
        let folder = "\(ProtocolLimits.scratchDirectory)/cofferdam-\(ExecID())"
        let file = folder + "/.made"
        let part = FileRequest.WritePart(path: file, mode: nil, bytes: [], isFirst: true, isLast: true)
        for request in [FileRequest.write(part), .remove(path: file)] {
            let reply = try await process.link.perform(request)
            guard case .done = reply else { throw Self.error(reply, folder) }
        }
        return folder
    }

    func scratchFiles(_ folder: String, maximumFiles: Int, maximumBytes: Int) async throws -> [ScratchFile] {
        var files: [ScratchFile] = []
        var room = maximumBytes
        for entry in try await entries(folder) where entry.kind == .regular && files.count < maximumFiles {
            guard entry.size <= room else { continue }
            let target = String(decoding: entry.path, as: UTF8.self)
            // One that cannot be read, or that something still writes, is no report.
            guard
                let contents = try? await contents(of: target, target, offset: 0, maximumBytes: room),
                contents.totalSize == contents.bytes.count
            else { continue }
            room -= contents.bytes.count
            files.append(ScratchFile(path: String(target.dropFirst(folder.count + 1)), bytes: contents.bytes))
        }
        return files
    }

    func removeScratchFolder(_ folder: String) async {
        guard let entries = try? await entries(folder) else { return }
        // What lies in a folder comes after it.
        for entry in entries.reversed() {
            _ = try? await process.link.perform(.remove(path: String(decoding: entry.path, as: UTF8.self)))
        }
        _ = try? await process.link.perform(.remove(path: folder))
    }

    private func entries(_ folder: String) async throws -> [FileReply.Entry] {
        let reply = try await process.link.perform(
            .list(path: folder, recursive: true, maximumEntries: Self.mostEntries))
        if case .failure(.notFound, _) = reply { return [] }
        guard case .entries(let entries, _, _) = reply else { throw Self.error(reply, folder) }
        return entries
    }
}
