import shapes.Circle;

public class Main {
    public static void main(String[] arguments) {
        Thread.currentThread().stop(); // PLANTED(javac) warning stop PLANTED(javac-raw) warning has.been.deprecated
        int count = new Circle(1); // PLANTED(javac) error - PLANTED(javac-raw) error cant.apply.symbol
    }
}
