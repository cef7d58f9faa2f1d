package shapes;

public interface Shape {
    double area();

    String name(
        int length,
        Missing kind); // PLANTED(javac) error Missing PLANTED(javac-raw) error Missing
}
