int main(void)
{
    return start(); // PLANTED(make) warning start
}

int last(void) { return 0 } // PLANTED(make) error expected
