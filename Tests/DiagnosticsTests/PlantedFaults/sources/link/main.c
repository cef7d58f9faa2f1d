int missing_one(void);
extern int missing_data;
int twice(void);
int shared = 1; // PLANTED(lld) error shared

int main(void)
{
    int first = missing_one(); // PLANTED(ld,gold) error missing_one
    return first + missing_data; // PLANTED(ld,gold) error missing_data
}

int twice(void) { return 2; } // PLANTED(lld) error twice
