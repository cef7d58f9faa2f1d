extension [ModelMessage] {
    /// The conversation with calls and results told as text. Some vendors refuse them in a request that offers no tools,
    /// as one that only wants a summary does.
    var withToolsAsText: [ModelMessage] {
        map { message in
            var message = message
            message.content = message.content.flatMap { block -> [ContentBlock] in
                switch block {
                case .toolCall(let call):
                    [.text("[Call of the tool \(call.name): \(call.malformed ?? call.arguments.text)]")]
                case .toolResult(let result):
                    [.text("[\(result.isError ? "Error" : "Result") of the tool: \(result.text)]")]
                        + result.images.map(ContentBlock.image)
                case .text, .reasoning, .image: [block]
                }
            }
            return message
        }
    }

    /// Messages of one speaker in a row as one. Some vendors want the speakers to alternate.
    var alternating: [ModelMessage] {
        var merged: [ModelMessage] = []
        for message in self {
            if let last = merged.indices.last, merged[last].role == message.role {
                merged[last].content += message.content
            } else {
                merged.append(message)
            }
        }
        return merged
    }
}

extension ContentBlock {
    /// What stands in a picture's place for a model that cannot look at it.
    static let omittedPicture = "[A picture was here, which this model cannot look at.]"
}
