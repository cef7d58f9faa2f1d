import SupervisorProtocol

extension Supervisor {
    /// Lets the service in. A newer connection takes the place of the older one: the service behind that is gone, or has
    /// been replaced.
    func admit() {
        while let newer = door.admit() {
            if channel.isOpen {
                channel.send(.replaced)
                _ = channel.flush()
            }
            disconnect()
            channel = ControlChannel(descriptor: newer)
        }
    }

    /// Forgets everything that belongs to the connection. Commands run on.
    func disconnect() {
        channel.close()
        greeted = false
        for attachment in attachments { attachment.close() }
        attachments = []
        listings = []
        files.abandonWrites()
        if orphanedSince == nil { orphanedSince = System.monotonicNanoseconds() }
    }

    /// Reads and answers what the service asks.
    func serveRequests(_ ready: ReadyDescriptors) {
        guard channel.isOpen else { return }
        if ready.isReadable(channel.descriptor), !channel.fill() { return disconnect() }
        do {
            while channel.wantsRequests, let request = try channel.nextRequest() { try handle(request) }
        } catch {
            // It may listen to what it did wrong. Another one may do better, so the sandbox stays.
            channel.send(.failed(error.description))
            _ = channel.flush()
            disconnect()
        }
    }
}
