import Secrets

extension ModelQuirks {
    /// Address of an OpenAI-compatible API.
    ///
    /// With an API version it is one of a deployment, as Azure has it: the base URL is then the resource, the model's
    /// name that of the deployment.
    func address(_ baseURL: String, _ usual: String, model: String) -> String {
        if let apiVersion {
            let deployment = baseURL.contains("/deployments/") ? "" : "/openai/deployments/" + PathSegment.encode(model)
            return baseURL + deployment + (path ?? usual) + "?api-version=" + apiVersion
        }
        // Azure's API without versions lies under a path of its own.
        let isBareResource = keyHeader == "api-key" && !baseURL.dropFirst("https://".count).contains("/")
        return baseURL + (isBareResource ? "/openai/v1" : "") + (path ?? usual)
    }
}

extension ModelSettings {
    /// The key as OpenAI-compatible endpoints take it.
    var keyHeaders: [(name: String, value: String)] {
        guard let apiKey, !apiKey.isEmpty else { return [] }
        if let name = quirks.keyHeader { return [(name, apiKey.reveal())] }
        return [("authorization", "Bearer \(apiKey.reveal())")]
    }
}

/// A part of a URL's path.
enum PathSegment {
    /// Everything but RFC 3986's unreserved characters is percent-encoded.
    static func encode(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
    }
}
