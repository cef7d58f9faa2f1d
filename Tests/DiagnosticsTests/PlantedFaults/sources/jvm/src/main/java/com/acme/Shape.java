package com.acme;

public class Shape implements Comparable<Shape> { // PLANTED(jvm) error compareTo
    public void close() throws Exception {
        throw new Exception("closed");
    }

    public void run() {
        close();
    }
}
