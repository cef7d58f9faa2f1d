/// The arithmetic mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0;
    }
    values.iter().sum::<f64>() / values.len() as f64
}

/// The middle value of an odd number of values.
pub fn median(values: &[f64]) -> f64 {
    let sorted = values.to_vec();
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means() {
        assert_eq!(mean(&[1.0, 2.0]), 1.5);
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
    }
}
