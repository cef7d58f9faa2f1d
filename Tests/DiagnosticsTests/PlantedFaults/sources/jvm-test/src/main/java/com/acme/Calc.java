package com.acme;

public class Calc {
    public static int add(int a, int b) {
        return a - b;
    }

    public static int parse(String text) {
        return Integer.parseInt(text);
    }
}
