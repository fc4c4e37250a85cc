from sklearn.linear_model import LinearRegression

x = 0
model = LinearRegression().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
print("at", x, "it is", model.predict([[float(x)]])[0])
