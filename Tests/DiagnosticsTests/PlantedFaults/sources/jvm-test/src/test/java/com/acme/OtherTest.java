package com.acme;

import org.junit.*;

public class OtherTest {
    @Test
    public void parsesText() {
        Calc.parse("x y"); // PLANTED(maven-test,gradle-test) error parsesText
    }

    @Test(expected = IllegalArgumentException.class)
    public void expects() {} // PLANTED@none(maven-test,gradle-test) error expects
}
