import unittest


class Sums(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(sum([1, 2]), 4)  # PLANTED(python-unittest) error test_sum

    def test_error(self):
        {}["missing"]  # PLANTED(python-unittest) error test_error

    def test_long(self):
        self.assertEqual(["a", "b", "c"], ["a", "x", "c"], "lists differ")  # PLANTED(python-unittest) error test_long

    def test_passes(self):
        self.assertTrue(True)


if __name__ == "__main__":
    unittest.main()
