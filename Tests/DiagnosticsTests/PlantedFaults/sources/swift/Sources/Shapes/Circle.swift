protocol Shape {
    func area() -> Double
    func name() -> String
}

struct Circle: Shape {  // PLANTED(swift) error conform
    var radius: Double

    func area() -> Double {
        let unused = 1
        return radius * "3.14"  // PLANTED(swift) error cannot convert
    }

    @available(*, deprecated, message: "use area")
    func size() -> Double { area() }

    func twice() -> Double {
        var factor = 2.0  // PLANTED(swift) warning factor
        return size() * factor  // PLANTED(swift) warning deprecated
    }
}
