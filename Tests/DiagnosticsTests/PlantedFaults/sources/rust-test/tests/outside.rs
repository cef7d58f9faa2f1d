#[test]
fn from_outside() {
    let numbers = [1, 2];
    let index = adder::add(5, 1) as usize;
    assert!(
        numbers[index] > 0 // PLANTED(cargo-test) error from_outside
    );
}
