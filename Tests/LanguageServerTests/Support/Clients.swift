import JSON

/// What real clients declare, cut down to what matters here.
enum Clients {
    /// Everything: a recent Neovim or VS Code.
    static let rich: JSON = [
        "general": ["positionEncodings": ["utf-8", "utf-16", "utf-32"]],
        "window": ["workDoneProgress": true, "showDocument": ["support": true]],
        "workspace": [
            "applyEdit": true,
            "workspaceEdit": ["documentChanges": true, "resourceOperations": ["create", "rename", "delete"]],
        ],
        "textDocument": [
            "publishDiagnostics": [
                "relatedInformation": true, "codeDescriptionSupport": true, "dataSupport": true, "versionSupport": true,
                "tagSupport": ["valueSet": [1, 2]],
            ],
            "codeAction": ["codeActionLiteralSupport": ["codeActionKind": ["valueSet": ["", "quickfix"]]]],
        ],
    ]

    /// Neovim 0.7.2: progress, resource operations, no showDocument, UTF-16 unsaid.
    static let neovim072: JSON = [
        "window": ["workDoneProgress": true, "showDocument": ["support": false]],
        "workspace": [
            "applyEdit": true, "workspaceEdit": ["resourceOperations": ["rename", "create", "delete"]],
        ],
        "textDocument": [
            "publishDiagnostics": ["relatedInformation": true, "tagSupport": true],
            "codeAction": [
                "codeActionLiteralSupport": ["codeActionKind": ["valueSet": ["", "quickfix"]]],
                "dataSupport": true,
            ],
        ],
    ]

    /// eglot 1.9: no progress, no resource operations, no showDocument; booleans that are objects elsewhere.
    static let eglot19: JSON = [
        "workspace": [
            "applyEdit": true, "workspaceEdit": ["documentChanges": true], "configuration": true,
            "workspaceFolders": true, "executeCommand": ["dynamicRegistration": false],
        ],
        "textDocument": [
            "publishDiagnostics": ["relatedInformation": false, "codeDescriptionSupport": true],
            "codeAction": [
                "dynamicRegistration": false,
                "codeActionLiteralSupport": ["codeActionKind": ["valueSet": ["quickfix"]]],
            ],
        ],
        "experimental": [:],
    ]

    /// A script that declares nothing.
    static let bare: JSON = [:]
}
