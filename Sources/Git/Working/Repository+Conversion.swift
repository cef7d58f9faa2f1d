import Clibgit2

/// What git would store of a file of the working tree: line ends and `$Id$` as the attributes say. Filters that are
/// programs are never run.
extension Repository {
    /// The value of an attribute (gitattributes(5)); nil when it is unset, unspecified, or set without a value.
    /// - Parameter path: relative to the root of the working tree.
    public func attribute(_ name: String, of path: String) -> String? {
        var value: UnsafePointer<CChar>?
        guard git_attr_get(&value, handle, 0, path, name) == 0, git_attr_value(value) == GIT_ATTR_VALUE_STRING else {
            return nil
        }
        return value.map { String(cString: $0) }
    }

    /// Whether the attributes and the configuration may make git store other bytes than the file's.
    public func mayConvert(_ path: String) -> Bool {
        var filters: OpaquePointer?
        defer { git_filter_list_free(filters) }
        let code = git_filter_list_load(
            &filters, handle, nil, path, GIT_FILTER_TO_ODB, GIT_FILTER_ALLOW_UNSAFE.rawValue)
        return code == 0 && filters != nil
    }

    /// - Returns: the bytes that git would store; `contents` itself where nothing is to be converted.
    public func cleaned(_ contents: [UInt8], path: String) throws(GitError) -> [UInt8] {
        try cleaned(contents, path: Array(path.utf8))
    }

    /// - Parameter path: by its bytes.
    public func cleaned(_ contents: [UInt8], path: [UInt8]) throws(GitError) -> [UInt8] {
        var filters: OpaquePointer?
        defer { git_filter_list_free(filters) }
        let code = (path + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                git_filter_list_load(
                    &filters, handle, nil, $0.baseAddress, GIT_FILTER_TO_ODB, GIT_FILTER_ALLOW_UNSAFE.rawValue)
            }
        }
        try check("read attributes", code)
        guard let filters, !contents.isEmpty else { return contents }
        var buffer = git_buf()
        let applied = contents.withUnsafeBytes {
            git_filter_list_apply_to_buffer(
                &buffer, filters, $0.bindMemory(to: CChar.self).baseAddress, $0.count)
        }
        try check("convert", applied)
        defer { git_buf_dispose(&buffer) }
        return Array(UnsafeRawBufferPointer(start: buffer.ptr, count: buffer.size))
    }
}
