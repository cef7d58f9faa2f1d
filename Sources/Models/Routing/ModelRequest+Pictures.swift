/// What a model can look at of a conversation's pictures.
extension ModelRequest {
    /// All pictures, the oldest first.
    var pictures: [ImageContent] {
        messages.flatMap { message in
            message.content.flatMap { block -> [ImageContent] in
                switch block {
                case .image(let image): [image]
                case .toolResult(let result): result.images
                case .text, .reasoning, .toolCall: []
                }
            }
        }
    }

    public var hasPictures: Bool {
        messages.contains { message in
            message.content.contains { block in
                switch block {
                case .image: true
                case .toolResult(let result): !result.images.isEmpty
                case .text, .reasoning, .toolCall: false
                }
            }
        }
    }

    /// The request with words in the place of pictures that the model cannot have: all, where it looks at none; those
    /// that its endpoint refused; the oldest, where there are more than a request may carry.
    func fitted(to model: NamedModel, _ refused: RefusedPictures) -> ModelRequest {
        guard hasPictures else { return self }
        guard model.readsImages else { return replacingPictures { _, _ in ContentBlock.omittedPicture } }
        let unwanted = refused.of(model.name)
        var request = self
        if !unwanted.isEmpty {
            request = replacingPictures { _, image in unwanted.contains(image) ? ContentBlock.refusedPicture : nil }
        }
        let dropped = Self.dropped(request.pictures.map(\.data.count))
        guard dropped > 0 else { return request }
        return request.replacingPictures { position, _ in position < dropped ? ContentBlock.oldPicture : nil }
    }

    /// How many of the oldest pictures are too many, given their lengths. Several go at a time: each that goes changes
    /// what prompt caches hold from there on.
    static func dropped(_ lengths: [Int]) -> Int {
        var count = lengths.count
        var bytes = lengths.reduce(0, +)
        var dropped = 0
        while count > ModelLimits.pictures || bytes > ModelLimits.pictureBytes, count > 0 {
            bytes -= lengths[dropped]
            dropped += 1
            count -= 1
        }
        guard dropped > 0 else { return 0 }
        let rounded = (dropped + droppedTogether - 1) / droppedTogether * droppedTogether
        // Never the newest for the sake of round numbers: it is what the conversation is about.
        return rounded < lengths.count ? rounded : dropped
    }

    private static let droppedTogether = 5

    /// - Parameter words: given each picture's place among all and the picture: what stands there instead; nil keeps it.
    private func replacingPictures(_ words: (Int, ImageContent) -> String?) -> ModelRequest {
        var request = self
        var position = 0
        func replacement(_ image: ImageContent) -> String? {
            defer { position += 1 }
            return words(position, image)
        }
        for (index, message) in messages.enumerated() {
            for (place, block) in message.content.enumerated() {
                switch block {
                case .image(let image):
                    guard let text = replacement(image) else { continue }
                    request.messages[index].content[place] = .text(text)
                case .toolResult(var result) where !result.images.isEmpty:
                    var kept: [ImageContent] = []
                    for image in result.images {
                        if let text = replacement(image) { result.text += "\n\(text)" } else { kept.append(image) }
                    }
                    result.images = kept
                    request.messages[index].content[place] = .toolResult(result)
                case .text, .reasoning, .toolCall, .toolResult: break
                }
            }
        }
        return request
    }
}

extension ContentBlock {
    /// What stands in the place of a picture that an endpoint did not take.
    static let refusedPicture = "[A picture was here; the model's endpoint refused it, so it is left out.]"
    /// What stands in the place of a picture that was long ago.
    static let oldPicture = "[A picture was here; it is left out, as newer ones take the room.]"
}
