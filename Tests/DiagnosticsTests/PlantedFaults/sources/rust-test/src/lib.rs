/// Adds, or so it says.
///
/// ```
/// assert_eq!(adder::add(1, 2), 3); // PLANTED+1(cargo-test) error add (line 3)
/// ```
pub fn add(a: i32, b: i32) -> i32 {
    a - b
}

#[cfg(test)]
mod tests {
    use super::add;

    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3, "one and two"); // PLANTED(cargo-test) error tests::adds
    }

    #[test]
    #[should_panic]
    fn panics() { // PLANTED(cargo-test) error tests::panics
        add(1, 1);
    }

    #[test]
    fn unwraps() {
        let nothing: Option<i32> = None;
        nothing.unwrap(); // PLANTED(cargo-test) error tests::unwraps
    }

    #[test]
    fn answers() -> Result<(), String> {
        Err("no answer".into()) // PLANTED@none(cargo-test) error tests::answers
    }

    #[test]
    fn passes() {
        assert!(add(0, 0) == 0);
    }

    #[test]
    #[ignore]
    fn later() {}
}
