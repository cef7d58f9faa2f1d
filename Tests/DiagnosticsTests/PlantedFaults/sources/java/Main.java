import shapes.Circle;

public class Main {
    public static void main(String[] arguments) {
        Thread.currentThread().stop(); // PLANTED(javac) warning stop
        int count = new Circle(1); // PLANTED(javac) error -
    }
}
