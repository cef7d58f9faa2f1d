import JSON

/// Any JSON, carried through untouched.
public typealias JSONValue = JSON
