enum Side { case left, right, top }

func describe(_ side: Side) -> String {
    switch side {  // PLANTED(swift) error exhaustive
    case .left: "left"
    case .right: "right"
    }
}

func parse(_ text: String) throws -> Int {
    guard let number = Int(text) else { throw Failure.bad }  // PLANTED(swift) error Failure
    return number
}

func total(_ numbers: [Int]) -> Int {
    numbers
        .map { $0 + 1 }
        .reduced(0, +)  // PLANTED(swift) error reduced
}
