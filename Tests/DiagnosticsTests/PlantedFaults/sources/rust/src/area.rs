pub enum Side { Left, Right, Top }

pub fn name(side: Side) -> &'static str {
    match side { // PLANTED(rustc) error E0004
        Side::Left => "left",
        Side::Right => "right",
    }
}

pub fn area(width: u32) -> u32 {
    let text: String = width; // PLANTED(rustc) error E0308
    text.len() as u32 + missing(width) // PLANTED(rustc) error E0425
}
