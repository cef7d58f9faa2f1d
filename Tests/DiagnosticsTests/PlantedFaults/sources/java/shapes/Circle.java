package shapes;

import java.util.*;

public class Circle implements Shape { // PLANTED(javac) error abstract
    private final double radius = "one"; // PLANTED(javac) error incompatible types

    public double area() {
        List raw = new ArrayList(); // PLANTED(javac) warning rawtypes PLANTED(javac) warning rawtypes
        return radius * undefinedName; // PLANTED(javac) error undefinedName
    }

    public String text() {
        area().missing(); // PLANTED(javac) error double cannot be dereferenced
    }
}
