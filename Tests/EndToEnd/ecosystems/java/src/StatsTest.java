/** A test without a framework. */
public final class StatsTest {
    private static void expect(double wanted, double got) {
        if (wanted != got) {
            throw new AssertionError("expected " + wanted + ", got " + got);
        }
    }

    public static void main(String[] arguments) {
        expect(1.5, Stats.mean(1, 2));
        expect(9, Stats.largest(1, 9, 2));
    }
}
