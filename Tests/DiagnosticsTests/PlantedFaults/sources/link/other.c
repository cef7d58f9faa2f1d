int missing_two(void);

int twice(void)
{ // PLANTED(ld) error twice PLANTED@none(gold) error twice
    return missing_two(); // PLANTED(ld,gold) error missing_two
}

int shared = 2; // PLANTED(ld) error shared PLANTED@none(gold) error shared
