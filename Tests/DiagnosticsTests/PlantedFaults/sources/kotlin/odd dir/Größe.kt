package shapes

interface Shape { fun area(): Double }

class Circle(val radius: Double) : Shape { // PLANTED(kotlin) error abstract
    @Deprecated("use area") fun size() = 1.0
    fun grow(): Double {
        radius = 2.0 // PLANTED(kotlin) error reassigned
        return size()
    }
}
