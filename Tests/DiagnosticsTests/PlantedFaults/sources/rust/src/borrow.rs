pub fn longest() -> usize {
    let mut names = vec![String::from("a")];
    let first = &names[0];
    names.push(String::from("b")); // PLANTED(rustc,rustc-borrow) error E0502
    first.len()
}

pub fn moved(text: String) -> String {
    let other = text;
    other + &text // PLANTED(rustc,rustc-borrow) error E0382
}
