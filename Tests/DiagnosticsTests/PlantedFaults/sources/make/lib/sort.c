void sort(int *list)
{
    swap(list, list + 1); // PLANTED(make) warning swap
    return 1; // PLANTED(make) warning return
}
