package shapes

fun main() {
    val unused = 1
    val text: String = 5 // PLANTED(kotlin) error literal
    println(missing(text)) // PLANTED(kotlin) error missing
    var never = Circle(1.0)
    println(never.area())
}
