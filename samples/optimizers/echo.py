"""Print the flags that arrive: the smallest operation there is."""

x = 1.0
y = 2
z = "a"

print(x, y, repr(z))
