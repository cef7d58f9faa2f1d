public class Square {
    public int Area() { Missing kind = null; return 1; } // PLANTED(mcs) error CS0246
}

public class Side {
    int length = 1;
    public void Grow() { new Circle().Shrink(); // PLANTED(mcs) error CS1061
        new Circle().Size(); // PLANTED(mcs) warning CS0618
    }
}
