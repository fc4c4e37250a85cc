x = 0
print("x is", x)
