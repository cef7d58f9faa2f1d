package com.acme;

import static org.junit.Assert.*;

import org.junit.*;

public class CalcTest {
    @Test
    public void addsTwoNumbers() {
        assertEquals(3, Calc.add(1, 2)); // PLANTED(maven-test,gradle-test) error addsTwoNumbers
    }

    @Test
    public void comparesText() {
        assertEquals("the text", "one\nthree", "one\ntwo"); // PLANTED(maven-test,gradle-test) error comparesText
    }

    @Test
    public void usesAHelper() {
        check(Calc.add(5, 1));
    }

    @Test
    public void throwsIt() {
        throw new IllegalStateException("no state"); // PLANTED(maven-test,gradle-test) error throwsIt
    }

    @Test
    public void passes() {
        assertEquals(0, Calc.add(0, 0));
    }

    @Test
    @Ignore("later")
    public void ignored() {}

    private static void check(int value) {
        assertTrue("too small", value > 10); // PLANTED(maven-test,gradle-test) error usesAHelper
    }
}
