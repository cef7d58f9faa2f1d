#include "area.h"

double rectangle(double width, double height)
{
    return width * heigth;
}

double triangle(double base, double height)
{
    return base * height;
}
