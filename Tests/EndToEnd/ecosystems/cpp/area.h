#pragma once

double rectangle(double width, double height);
double triangle(double base, double height);
