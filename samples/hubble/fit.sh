# Fit a straight line to Hubble's measurements by gradient descent.
#
#   bash fit.sh STEP_SIZE STEPS
#
# Prints the line's slope (km/s for each megaparsec), where it meets the axis (km/s), and the
# root of the mean square error (km/s). Exit status 3 if the descent runs away.
set -eu

LC_ALL=C awk -F, -v lr="$1" -v steps="$2" '
  NR > 1 { distance[++n] = $1; velocity[n] = $2 }
  END {
    for (step = 1; step <= steps; step++) {
      slope_gradient = offset_gradient = squares = 0
      for (i = 1; i <= n; i++) {
        error = slope * distance[i] + offset - velocity[i]
        slope_gradient += 2 * error * distance[i] / n
        offset_gradient += 2 * error / n
        squares += error * error / n
      }
      if (squares > 1e12) {
        print "ran away at step " step
        exit 3
      }
      slope -= lr * slope_gradient
      offset -= lr * offset_gradient
    }
    squares = 0
    for (i = 1; i <= n; i++) {
      error = slope * distance[i] + offset - velocity[i]
      squares += error * error / n
    }
    printf "slope %.1f offset %.1f error %.1f\n", slope, offset, sqrt(squares)
  }
' data/nebulae.csv
