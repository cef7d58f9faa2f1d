using System;

public class Circle {
    public string Name() { return 1; } // PLANTED(mcs) error CS0029
    public int Area() {
        int unused;
        return undefinedName; // PLANTED(mcs) error CS0103
    }
    [Obsolete("use Area")]
    public int Size() { return Area(); }
}
