"""Prints lines that report a scalar, or as many others of the same length."""

lines = 1
scalars = False

form = "loss: {}" if scalars else "loss; {}"
for number in range(lines):
    print(form.format(1 / (number + 1)))
