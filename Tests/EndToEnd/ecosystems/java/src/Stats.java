/** Small statistics. */
public final class Stats {
    private Stats() {}

    /** The arithmetic mean; 0 of nothing. */
    public static double mean(double... values) {
        double total = 0;
        for (double value : values) {
            total += value
        }
        return values.length == 0 ? 0 : total / values.length;
    }

    /** The largest value; 0 of nothing. */
    public static double largest(double... values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, valu);
        }
        return largest;
    }
}
