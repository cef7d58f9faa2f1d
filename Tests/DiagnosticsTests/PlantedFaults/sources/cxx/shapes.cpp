#include <algorithm>
#include <string>
#include <vector>

struct Base {
    virtual ~Base() = default;
    virtual int area() const = 0;
};

struct Square : Base {
    int area() override { return 1; } // PLANTED(gxx) error override
};

template <typename T>
T doubled(T value)
{
    return value * 2; // PLANTED(gxx) error no match for ‘operator*’
}

int main()
{
    Square square; // PLANTED(gxx) error abstract
    std::string text = doubled(std::string("a"));
    std::vector<int> numbers{1, 2};
    numbers.push_front(3); // PLANTED(gxx) error push_front
    const int limit = 1;
    limit = 2; // PLANTED(gxx) error limit
    for (int i = 0; i < numbers.size(); i++) { // PLANTED(gxx) warning -Wsign-compare
    }
    return square.area() + text;  // PLANTED(gxx) error no match for ‘operator+’
}
