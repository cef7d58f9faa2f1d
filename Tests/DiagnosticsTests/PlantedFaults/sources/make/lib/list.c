int length(int *list)
{
    int count; // PLANTED(make) warning unused variable
    return *lst; // PLANTED(make) error lst
} // PLANTED(make) warning -Wreturn-type
