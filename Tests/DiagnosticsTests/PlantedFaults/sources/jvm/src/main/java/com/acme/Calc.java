package com.acme;

public class Calc {
    private Missing kind; // PLANTED(jvm) error Missing

    public static int add(int a, int b) {
        String text = a + b; // PLANTED(jvm) error incompatible types
        return text.lenght(); // PLANTED(jvm) error lenght
    }

    public int noResult() {
        int unused;
    }
}
