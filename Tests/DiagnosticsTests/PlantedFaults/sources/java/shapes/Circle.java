package shapes;

import java.util.*;

public class Circle implements Shape { // PLANTED(javac) error abstract PLANTED(javac-raw) error does.not.override.abstract
    private final double radius = "one"; // PLANTED(javac) error incompatible types PLANTED(javac-raw) error prob.found.req

    public double area() {
        List raw = new ArrayList(); // PLANTED(javac) warning rawtypes PLANTED(javac-raw) warning raw.class.use PLANTED(javac) warning rawtypes PLANTED(javac-raw) warning raw.class.use
        return radius * undefinedName; // PLANTED(javac) error undefinedName PLANTED(javac-raw) error undefinedName
    }

    public String text() {
        area().missing(); // PLANTED(javac) error double cannot be dereferenced PLANTED(javac-raw) error cant.deref
    }
}
