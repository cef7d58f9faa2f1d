mod area;
mod borrow;
use std::collections::HashMap; // PLANTED(rustc) warning HashMap

pub fn twice(value: i32) -> i32 {
    let unused = 1;
    value * "2" // PLANTED(rustc) error E0277
}
