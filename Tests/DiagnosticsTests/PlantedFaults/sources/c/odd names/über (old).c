#include "../shape.h"

int first(int value)
{
	switch (value) {
	case 1: value = 2;
	}
	int größe = "tab and umlaut"; /* PLANTED(gcc) warning -Wint-conversion PLANTED(clang) error incompatible pointer */
	return größe	+ nothing_here; /* PLANTED(gcc,clang) error nothing_here */
} /* PLANTED(gcc) warning -Wreturn-type */

int no_result(void) { } /* PLANTED(gcc) warning -Wreturn-type */
