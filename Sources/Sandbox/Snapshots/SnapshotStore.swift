import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The snapshots of one session, by step: what its sandbox wrote on top of what it was made from.
///
/// Each has a manifest of names, modes, times and marks; the contents of files lie beside as numbered objects that are
/// never written again, so that a snapshot costs what changed since the one before. Nothing of it can be reached from a
/// sandbox. All calls block on the disk.
public final class SnapshotStore: Sendable {
    /// Where it lies; it belongs to the store alone.
    public let directory: String
    public let limits: SnapshotLimits
    private let state: Mutex<State>

    struct State {
        var objects: ObjectDirectory
        /// Ascending.
        var steps: [Int] = []
        /// The manifest of what the live tree was last, with its stamps.
        var current: SnapshotManifest?
        /// The step that has the same contents as `current`.
        var currentStep: Int?
        /// Manifests that name an object, by object.
        var references: [UInt64: Int] = [:]
    }

    /// Opens the store in a directory, or makes one there.
    public init(directory: String, limits: SnapshotLimits = .init()) throws(SandboxError) {
        self.directory = directory
        self.limits = limits
        for path in [directory, directory + "/steps"] {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw .snapshotFailed("their directory cannot be made: \(errnoText(errno))")
            }
        }
        var opened = State(objects: try ObjectDirectory(directory + "/objects", next: 1))
        var highest: UInt64 = 0
        for step in Self.steps(in: directory) {
            guard let manifest = Self.load(step, directory) else { continue }
            opened.steps.append(step)
            for object in manifest.objects {
                opened.references[object, default: 0] += 1
                highest = max(highest, object)
            }
            opened.current = manifest
            opened.currentStep = step
        }
        if highest > 0 { opened.objects = try ObjectDirectory(directory + "/objects", next: highest + 1) }
        opened.objects.count(highest: highest)
        state = Mutex(opened)
    }

    /// Steps that can be gone back to, ascending.
    public var steps: [Int] { state.withLock { $0.steps } }

    /// Bytes on disk.
    public var bytes: Int { state.withLock { $0.objects.bytes } }

    // MARK: Taking

    /// Keeps what stands in the roots. Older steps make room where it takes more than the limits allow.
    ///
    /// Nothing is left behind when it throws ``SandboxError/snapshotFailed(_:)``.
    /// - Parameters:
    ///   - changes: how many files differ from what the session began with, where the roots hold that as well; asked
    ///     when there is no step before.
    ///   - isBusy: whether something runs that may write meanwhile.
    func take(
        _ step: Int, of roots: [SnapshotRoot], marks: OverlayChanges.Attributes,
        changes: (() -> Int?)? = nil, isBusy: () -> Bool
    ) throws(SandboxError) -> SnapshotReport {
        // The closure's typed throw does not come through the lock otherwise.
        let result: Result<SnapshotReport, SandboxError> = state.withLock { state in
            do throws(SandboxError) {
                return .success(try take(step, roots, marks, changes, isBusy, &state))
            } catch {
                state.objects.rollBack()
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func take(
        _ step: Int, _ roots: [SnapshotRoot], _ marks: OverlayChanges.Attributes,
        _ changes: (() -> Int?)?, _ isBusy: () -> Bool, _ state: inout State
    ) throws(SandboxError) -> SnapshotReport {
        // First of all: what an earlier step added is not for a failure of this one to roll back.
        state.objects.begin(mostBytes: limits.bytes, reserve: limits.reservedBytes)
        guard !state.steps.contains(step) else { throw .snapshotFailed("there is a step \(step) already") }
        let wasBusy = isBusy()
        let previous = state.current?.translated(to: marks)
        let scan = try SnapshotScan(
            objects: state.objects, previous: previous, marks: marks, maximumEntries: limits.entries
        ).read(roots, isBusy: wasBusy)
        var manifest = scan.manifest
        let isConsistent = !wasBusy && !scan.isTorn && !isBusy()
        manifest.wasBusy = !isConsistent
        var changed = manifest.differences(from: previous ?? SnapshotManifest(kind: marks))
        if previous == nil, let count = changes?() { changed = count }
        let path = path(of: step)
        if changed == nil, let same = state.currentStep, kind(of: same) == marks, link(self.path(of: same), path) == 0 {
            // A file may have been copied only to find that it is as it was.
            state.objects.rollBack()
        } else {
            try Self.write(manifest.bytes, path)
        }
        for object in manifest.objects { state.references[object, default: 0] += 1 }
        let bytes = state.objects.addedBytes
        state.steps.append(step)
        state.steps.sort()
        state.current = manifest
        state.currentStep = step
        return SnapshotReport(
            changedFiles: changed ?? 0, bytes: bytes, isConsistent: isConsistent, removedSteps: prune(&state))
    }

    /// Gives up the oldest steps until the limits are met; the newest stays.
    private func prune(_ state: inout State) -> [Int] {
        var removed: [Int] = []
        while state.objects.bytes > limits.bytes || state.steps.count > limits.steps, state.steps.count > 1 {
            guard let oldest = state.steps.first(where: { $0 != state.currentStep }) else { break }
            remove(oldest, &state)
            removed.append(oldest)
        }
        return removed
    }

    private func remove(_ step: Int, _ state: inout State) {
        guard let position = state.steps.firstIndex(of: step) else { return }
        state.steps.remove(at: position)
        let manifest = Self.load(step, directory)
        unlink(path(of: step))
        for object in manifest?.objects ?? [] {
            let count = (state.references[object] ?? 1) - 1
            state.references[object] = count > 0 ? count : nil
            // The live tree's own contents stay, to be compared with.
            if count <= 0 { _ = state.objects.remove(object) }
        }
    }

    // MARK: Using

    /// Puts what a step holds into empty directories, one for each root, owned by `owner` (nil: whoever we are).
    ///
    /// From then on snapshots are taken of these.
    /// - Parameter marks: how the trees are to be marked. A step of a copy cannot be put into an overlay, nor one of an
    ///   overlay into a copy.
    func materialise(
        _ step: Int, into roots: [SnapshotRoot], marks: OverlayChanges.Attributes, owner: UInt32?
    ) throws(SandboxError) {
        let result: Result<Void, SandboxError> = state.withLock { state in
            do throws(SandboxError) {
                guard state.steps.contains(step), let kept = Self.load(step, directory) else {
                    throw .snapshotFailed("there is no snapshot of step \(step)")
                }
                guard var manifest = kept.translated(to: marks) else {
                    throw .snapshotFailed(
                        kept.kind == .copy
                            ? "step \(step) is of a workspace that was a copy, and this one is an overlay"
                            : "step \(step) is of an overlay, and this workspace is a copy")
                }
                try SnapshotWriter(objects: state.objects, roots: roots, owner: owner).write(&manifest)
                manifest.readAt = SnapshotScan.now()
                manifest.wasBusy = false
                state.current = manifest
                state.currentStep = step
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// How the trees of a step are marked; nil when it is not there.
    func kind(of step: Int) -> OverlayChanges.Attributes? {
        let file = open(path(of: step), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        defer { Descriptors.close(file) }
        guard file >= 0 else { return nil }
        return Descriptors.read(file, atMost: SnapshotManifest.kindLength).flatMap(SnapshotManifest.kind)
    }

    /// The directories that were just filled begin to be written to: what is in them by now is as it was put there.
    func settled() {
        state.withLock { $0.current?.readAt = SnapshotScan.now() }
    }

    /// Takes over a step of another session's store. Contents are shared where the file system allows it.
    public func adopt(_ step: Int, of other: SnapshotStore, as number: Int) throws(SandboxError) {
        let result: Result<Void, SandboxError> = other.state.withLock { source in
            state.withLock { target in
                do throws(SandboxError) {
                    try adopt(step, other, source, number, &target)
                    return .success(())
                } catch {
                    target.objects.rollBack()
                    return .failure(error)
                }
            }
        }
        try result.get()
    }

    private func adopt(
        _ step: Int, _ other: SnapshotStore, _ source: State, _ number: Int, _ target: inout State
    ) throws(SandboxError) {
        target.objects.begin(mostBytes: limits.bytes, reserve: limits.reservedBytes)
        guard source.steps.contains(step), var manifest = Self.load(step, other.directory) else {
            throw .snapshotFailed("there is no snapshot of step \(step)")
        }
        var numbers: [UInt64: UInt64] = [:]
        for position in manifest.items.indices where manifest.items[position].entry.kind == .regular {
            var entry = manifest.items[position].entry
            let object: UInt64
            if let known = numbers[entry.object] {
                object = known
            } else {
                object = try target.objects.add(entry.object, of: source.objects)
            }
            numbers[entry.object] = object
            entry.object = object
            // It says something of the other's files only.
            entry.stamp = .init()
            manifest.replace(at: position, entry)
        }
        try Self.write(manifest.bytes, path(of: number))
        for object in manifest.objects { target.references[object, default: 0] += 1 }
        target.steps.append(number)
        target.steps.sort()
    }

    // MARK: Files

    private static let newSuffix = ".new"

    private func path(of step: Int) -> String { Self.path(of: step, directory) }

    private static func path(of step: Int, _ directory: String) -> String { "\(directory)/steps/\(step)" }

    private static func load(_ step: Int, _ directory: String) -> SnapshotManifest? {
        Descriptors.contents(ofFile: path(of: step, directory), limit: .max, followLink: false)
            .flatMap { SnapshotManifest($0) }
    }

    private static func write(_ bytes: [UInt8], _ path: String) throws(SandboxError) {
        let temporary = path + newSuffix
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .snapshotFailed("the list of files cannot be made: \(errnoText(errno))") }
        var rest = bytes[...]
        var failure: Int32 = 0
        while !rest.isEmpty, failure == 0 {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { failure = errno }
        }
        Descriptors.close(file)
        if failure == 0, rename(temporary, path) != 0 { failure = errno }
        guard failure == 0 else {
            unlink(temporary)
            throw .snapshotFailed("the list of files cannot be written: \(errnoText(failure))")
        }
    }

    private static func steps(in directory: String) -> [Int] {
        let folder = open(directory + "/steps", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return [] }
        defer { Descriptors.close(folder) }
        var steps: [Int] = []
        for name in DirectoryReader.names(of: folder) ?? [] {
            let text = String(decoding: name.bytes, as: UTF8.self)
            if let step = Int(text), step >= 0, String(step) == text {
                steps.append(step)
            } else if text.hasSuffix(newSuffix) {
                // Of a service that was killed.
                _ = name.withCString { unlinkat(folder, $0, 0) }
            }
        }
        return steps.sorted()
    }
}
