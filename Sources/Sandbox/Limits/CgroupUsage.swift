/// What the processes of a sandbox have taken, by its control groups. Nil where no controller counts it.
public struct CgroupUsage: Sendable, Equatable {
    public var memoryBytes: Int?
    /// Most at any time.
    public var peakMemoryBytes: Int?
    /// Processes that were ended because memory ran out.
    public var outOfMemoryKills: Int?
    /// Processes and threads.
    public var processes: Int?
    /// Forks that were refused because of the limit.
    public var refusedForks: Int?
    public var cpuMicroseconds: Int?

    public init(
        memoryBytes: Int? = nil, peakMemoryBytes: Int? = nil, outOfMemoryKills: Int? = nil, processes: Int? = nil,
        refusedForks: Int? = nil, cpuMicroseconds: Int? = nil
    ) {
        self.memoryBytes = memoryBytes
        self.peakMemoryBytes = peakMemoryBytes
        self.outOfMemoryKills = outOfMemoryKills
        self.processes = processes
        self.refusedForks = refusedForks
        self.cpuMicroseconds = cpuMicroseconds
    }
}
